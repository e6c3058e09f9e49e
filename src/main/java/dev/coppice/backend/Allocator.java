// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

/**
 * Hands out tensors one after the other. A {@link Workspace} gives memory; {@link Workspace#plan}
 * only counts, so that the same code that lays out a stage's tensors tells how much memory they
 * need.
 */
public interface Allocator {
  /** The next tensor of the given type and shape, outermost first; its content is undefined. */
  Tensor tensor(DType dtype, int... dims);

  /** Float tensor. */
  default Tensor f32(int... dims) {
    return tensor(DType.F32, dims);
  }

  /** Index tensor. */
  default Tensor i32(int... dims) {
    return tensor(DType.I32, dims);
  }
}
