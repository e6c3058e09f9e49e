// SPDX-License-Identifier: Apache-2.0
package dev.coppice.solve;

/** Hessians of single samples, known by the products of a mini-batch's mean. */
public interface BatchHessian {
  /** Number of samples, N. */
  int samples();

  /**
   * {@code (1/b) sum_{s in batch} H_s v}, in a new array.
   *
   * @param batch sample numbers 0..N-1, repetition allowed, (b)
   * @param v (P)
   */
  double[] product(int[] batch, double[] v);
}
