// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

/**
 * Definition of the sampled binary cross-entropy and its tangents, position by position.
 *
 * @param h (T,D)
 * @param table (V,D)
 * @param positives (T)
 * @param negatives (T)
 * @param w (T)
 * @see <a href="https://arxiv.org/abs/1808.09781">Kang and McAuley 2018</a>, section III.E
 */
record ReferenceSampledBce(
    double[] h, double[] table, int[] positives, int[] negatives, double[] w) {

  /** {@code log(1 + exp(x))} without overflow. */
  static double softplus(double x) {
    return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  }

  /** {@code 1 / (1 + exp(-x))} without overflow or cancellation. */
  static double sigmoid(double x) {
    return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
  }

  private int width() {
    return w.length == 0 ? 0 : h.length / w.length;
  }

  /** {@code rows[item] . x[t]}. */
  private double dot(double[] rows, int item, double[] x, int t) {
    double sum = 0;
    for (int d = 0; d < width(); d++) {
      sum += rows[item * width() + d] * x[t * width() + d];
    }
    return sum;
  }

  /** {@code out[t] += factor rows[item]}. */
  private void add(double factor, double[] rows, int item, double[] out, int t) {
    for (int d = 0; d < width(); d++) {
      out[t * width() + d] += factor * rows[item * width() + d];
    }
  }

  /** Writes loss, dpos, dneg (T) and adds to dh (T,D). {@code sigmoid(p)-1 = -sigmoid(-p)}. */
  void forward(double[] loss, double[] dpos, double[] dneg, double[] dh) {
    for (int t = 0; t < w.length; t++) {
      double p = dot(table, positives[t], h, t);
      double n = dot(table, negatives[t], h, t);
      loss[t] = softplus(-p) + softplus(n);
      dpos[t] = -w[t] * sigmoid(-p);
      dneg[t] = w[t] * sigmoid(n);
      add(dpos[t], table, positives[t], dh, t);
      add(dneg[t], table, negatives[t], dh, t);
    }
  }

  /** Adds {@code dpos E[pos] + dneg E[neg]} to dh (T,D). */
  void backward(double[] dpos, double[] dneg, double[] dh) {
    for (int t = 0; t < w.length; t++) {
      add(dpos[t], table, positives[t], dh, t);
      add(dneg[t], table, negatives[t], dh, t);
    }
  }

  /**
   * Writes the tangents of loss, dpos, dneg (T) and adds to that of dh (T,D): {@code pDot =
   * E[pos].hDot + EDot[pos].h}, the same for n; {@code lossDot = -sigmoid(-p) pDot + sigmoid(n)
   * nDot; dposDot = w sigmoid(p) sigmoid(-p) pDot}, the same for n; {@code dhDot = dposDot E[pos] +
   * dpos EDot[pos]} and the same for neg.
   */
  void jvp(
      double[] hDot,
      double[] tableDot,
      double[] lossDot,
      double[] dposDot,
      double[] dnegDot,
      double[] dhDot) {
    for (int t = 0; t < w.length; t++) {
      int pos = positives[t];
      int neg = negatives[t];
      double p = dot(table, pos, h, t);
      double n = dot(table, neg, h, t);
      double pDot = dot(table, pos, hDot, t);
      double nDot = dot(table, neg, hDot, t);
      if (tableDot != null) {
        pDot += dot(tableDot, pos, h, t);
        nDot += dot(tableDot, neg, h, t);
        add(-w[t] * sigmoid(-p), tableDot, pos, dhDot, t);
        add(w[t] * sigmoid(n), tableDot, neg, dhDot, t);
      }
      lossDot[t] = -sigmoid(-p) * pDot + sigmoid(n) * nDot;
      dposDot[t] = w[t] * sigmoid(p) * sigmoid(-p) * pDot;
      dnegDot[t] = w[t] * sigmoid(n) * sigmoid(-n) * nDot;
      add(dposDot[t], table, pos, dhDot, t);
      add(dnegDot[t], table, neg, dhDot, t);
    }
  }
}
