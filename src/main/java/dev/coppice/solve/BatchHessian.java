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

  /**
   * LiSSA's recursion, {@code h <- g + (1 - damp) h - (H_b h) / scale} for one mini-batch b after
   * the other. A recursion that is cut into calls gives the same bits.
   *
   * @param steps mini-batch of each step, all of one size
   * @param g (P)
   * @param h (P), in place
   * @return |h| after each step
   */
  default double[] recur(int[][] steps, double[] g, double damp, double scale, double[] h) {
    double[] norms = new double[steps.length];
    for (int k = 0; k < steps.length; k++) {
      double[] product = product(steps[k], h);
      for (int i = 0; i < h.length; i++) {
        h[i] = g[i] + (1 - damp) * h[i] - product[i] / scale;
      }
      norms[k] = Vectors.norm(h);
    }
    return norms;
  }
}
