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
 * @param first element of a (T,D) tensor of the whole batch at which the part at hand starts
 */
record DropoutSites(float rate, long seed, int step, long first) {
  /** No dropout: evaluation and scoring. */
  static final DropoutSites NONE = new DropoutSites(0f, 0, 0, 0);

  /** Masks of a whole batch. */
  DropoutSites(float rate, long seed, int step) {
    this(rate, seed, step, 0);
  }

  /** The same masks for the part of the batch that starts at an element. */
  DropoutSites from(long element) {
    return active() ? new DropoutSites(rate, seed, step, element) : NONE;
  }

  boolean active() {
    return rate > 0;
  }

  Dropout embedding() {
    return at(0, first);
  }

  Dropout probabilities(int layer) {
    return at(1 + 3 * layer, 0);
  }

  Dropout attention(int layer) {
    return at(2 + 3 * layer, first);
  }

  Dropout feedForward(int layer) {
    return at(3 + 3 * layer, first);
  }

  private Dropout at(int site, long element) {
    return active() ? new Dropout(rate, seed, step, site, element) : Dropout.NONE;
  }
}
