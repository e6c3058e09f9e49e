// SPDX-License-Identifier: Apache-2.0
package dev.coppice;

import dev.coppice.backend.Backend;
import dev.coppice.backend.NativeBackend;
import dev.coppice.backend.ReferenceBackend;

/** Backends that models and scores are tested on, and how close to golden numbers they must be. */
public enum TestedBackend {
  REFERENCE(1e-9) {
    @Override
    public Backend open() {
      return new ReferenceBackend();
    }
  },
  CPU(1e-5) {
    @Override
    public Backend open() {
      return new NativeBackend(NativeBackend.Device.CPU, 2);
    }
  },
  /** The CUDA kernels on the CPU: slow, for small work. */
  EMULATED(1e-5) {
    @Override
    public Backend open() {
      return new NativeBackend(NativeBackend.Device.EMULATED, 4);
    }
  };

  private final double tolerance;

  TestedBackend(double tolerance) {
    this.tolerance = tolerance;
  }

  /** A new backend; the caller closes it. */
  public abstract Backend open();

  /** Largest {@code max|actual - expected| / max|expected|} over a tensor. */
  public double tolerance() {
    return tolerance;
  }
}
