// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

/**
 * One dropout mask: element c is kept when the first word of Philox4x32-10 with key {@code seed}
 * and counter {@code (2, step, site, c)} is at least {@code rate * 2^32}; kept elements are divided
 * by {@code 1 - rate}.
 *
 * @param rate share of elements set to zero, in [0, 1); 0 is no dropout
 * @param seed the run's seed
 * @param step the optimizer step
 * @param site which dropout of the model, below 65536
 * @param first c of the operation's first element, where it works on a part of a batch; attention
 *     has c from its triangles and takes 0
 */
public record Dropout(float rate, long seed, int step, int site, long first) {
  /** No dropout: evaluation and scoring. */
  public static final Dropout NONE = new Dropout(0f, 0, 0, 0);

  /** The mask of elements from 0 on. */
  public Dropout(float rate, long seed, int step, int site) {
    this(rate, seed, step, site, 0);
  }

  public Dropout {
    if (!(rate >= 0 && rate < 1)) {
      throw new IllegalArgumentException("dropout rate must lie in [0, 1), but is " + rate);
    }
    if (site < 0 || site >= 65536) {
      throw new IllegalArgumentException("dropout site must lie in 0..65535, but is " + site);
    }
    if (first < 0 || first >= 1L << 32) {
      throw new IllegalArgumentException("first element must lie in 0..2^32-1, but is " + first);
    }
  }
}
