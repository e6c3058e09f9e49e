// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Dropout;

/**
 * The dropout masks of one optimizer step of SASRec. Sites: 0 the embedding; of block l, {@code
 * 1+3l} the attention probabilities (head h at {@code 1+3l + 65536 h}), {@code 2+3l} the attention
 * output, {@code 3+3l} the feed-forward output.
 *
 * @param rate share of elements set to zero, 0 for none
 * @param seed the run's seed
 * @param step the optimizer step, counted from 1
 */
record DropoutSites(float rate, long seed, int step) {
  /** No dropout: evaluation and scoring. */
  static final DropoutSites NONE = new DropoutSites(0f, 0, 0);

  boolean active() {
    return rate > 0;
  }

  Dropout embedding() {
    return at(0);
  }

  Dropout probabilities(int layer) {
    return at(1 + 3 * layer);
  }

  Dropout attention(int layer) {
    return at(2 + 3 * layer);
  }

  Dropout feedForward(int layer) {
    return at(3 + 3 * layer);
  }

  private Dropout at(int site) {
    return active() ? new Dropout(rate, seed, step, site) : Dropout.NONE;
  }
}
