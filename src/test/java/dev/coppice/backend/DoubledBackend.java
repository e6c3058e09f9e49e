// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.Optional;

/** The emulated device with its products by the double of cuBLAS, for tests of what uses it. */
public final class DoubledBackend {
  private DoubledBackend() {}

  /** A new backend, which the caller closes; empty where the process has another cuBLAS. */
  public static Optional<Backend> open() {
    return Backends.withCublas().stream().findFirst().map(Backends.Candidate::open);
  }
}
