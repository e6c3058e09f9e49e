// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.Arrays;

/** Checks of one tensor; the message names the argument. */
final class Shapes {
  private Shapes() {}

  /** F32 with exactly these extents. */
  static void f32(String name, Tensor tensor, int... dims) {
    typed(name, tensor, DType.F32, dims);
  }

  /** I32 with exactly these extents. */
  static void i32(String name, Tensor tensor, int... dims) {
    typed(name, tensor, DType.I32, dims);
  }

  /** As {@link #f32} unless the tensor is null. */
  static void optional(String name, Tensor tensor, int... dims) {
    if (tensor != null) {
      f32(name, tensor, dims);
    }
  }

  static void rank(String name, Tensor tensor, int rank) {
    if (tensor.rank() != rank) {
      throw new IllegalArgumentException(name + " must have rank " + rank + ", but is " + tensor);
    }
  }

  /** F32, BF16 or F16. */
  static void anyFloat(String name, Tensor tensor) {
    if (tensor.dtype() == DType.I32) {
      throw new IllegalArgumentException(name + " must hold floats, but is " + tensor);
    }
  }

  static void sameSize(String nameA, Tensor a, String nameB, Tensor b) {
    if (a.size() != b.size()) {
      throw new IllegalArgumentException(
          nameA + " and " + nameB + " must be of one size, but are " + a + " and " + b);
    }
  }

  static void require(boolean condition, String rule) {
    if (!condition) {
      throw new IllegalArgumentException("requires " + rule);
    }
  }

  private static void typed(String name, Tensor tensor, DType dtype, int... dims) {
    boolean same = tensor.dtype() == dtype && tensor.rank() == dims.length;
    for (int i = 0; same && i < dims.length; i++) {
      same = tensor.dim(i) == dims[i];
    }
    if (!same) {
      throw new IllegalArgumentException(
          name + " must be " + dtype + Arrays.toString(dims) + ", but is " + tensor);
    }
  }
}
