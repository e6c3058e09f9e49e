// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

/**
 * How the scores of an attention are made: {@code a_ij = capped(scale q_i.k_j)} for {@code i -
 * window < j <= i}, with {@code capped(x) = cap tanh(x/cap)}.
 *
 * @param scale of the products, 1/sqrt(C) as a rule
 * @param window how many keys a query meets at most, its own among them; {@link #ALL}: no bound
 * @param cap bound of the scores' magnitude; 0: none
 * @see <a href="https://arxiv.org/abs/2004.05150">Beltagy et al. 2020</a> for windows
 * @see <a href="https://arxiv.org/abs/2408.00118">Gemma 2</a>, section 2, for the cap
 */
public record AttentionRule(double scale, int window, double cap) {
  /** A window that bounds nothing. */
  public static final int ALL = Integer.MAX_VALUE;

  /** Checks the ranges. */
  public AttentionRule {
    if (window < 1 || !(cap >= 0 && cap < Float.MAX_VALUE)) {
      throw new IllegalArgumentException("window " + window + ", cap " + cap);
    }
  }

  /** Every key up to the query's own, without a cap. */
  public static AttentionRule scaled(double scale) {
    return new AttentionRule(scale, ALL, 0);
  }

  /** Whether it is more than a scale. */
  boolean special() {
    return window != ALL || cap != 0;
  }
}
