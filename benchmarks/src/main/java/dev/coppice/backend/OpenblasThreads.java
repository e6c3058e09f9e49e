// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import org.bytedeco.openblas.global.openblas;

/**
 * How many threads the OpenBLAS of JavaCPP's binding uses. The engine has a copy of the library by
 * the same name, and sets it to one; which copy the binding calls depends on which was loaded
 * first, so the number is set by the binding too.
 */
final class OpenblasThreads {
  private OpenblasThreads() {}

  static void set(int threads) {
    openblas.blas_set_num_threads(threads);
  }
}
