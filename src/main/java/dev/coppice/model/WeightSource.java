// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Tensor;

/** Weights of a checkpoint by name, in the type they are stored in. */
@FunctionalInterface
public interface WeightSource {
  /**
   * A tensor of the backend that computes: F32, F16 or BF16, in the shape the model's configuration
   * gives it.
   *
   * @throws IllegalArgumentException if there is no such tensor
   */
  Tensor tensor(String name);

  /** A tensor is read soon: it may be fetched while something else is computed. */
  default void prefetch(String name) {}

  /** A tensor is not read for a while: its memory may be given back until then. */
  default void release(String name) {}
}
