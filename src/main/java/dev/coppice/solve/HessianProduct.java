// SPDX-License-Identifier: Apache-2.0
package dev.coppice.solve;

/** A symmetric matrix known by its products. */
public interface HessianProduct {
  /** Number of parameters, P. */
  int size();

  /**
   * {@code H v}, in a new array.
   *
   * @param v (P)
   */
  double[] product(double[] v);
}
