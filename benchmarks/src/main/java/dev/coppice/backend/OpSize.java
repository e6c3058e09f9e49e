// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.Random;

/**
 * A size at which operations are timed.
 *
 * @param samples of the surrogate's batch; lengths as measured: two thirds are 5 or less, few reach
 *     50
 * @param items rows of the item table, padding included
 * @param users of an evaluation's batch
 * @param tokens of the language model's batch
 * @param context tokens of one of its samples
 * @param hidden its width
 * @param vocabulary its head
 * @param parameters of the dense solve
 */
record OpSize(
    String name,
    int samples,
    int items,
    int users,
    int tokens,
    int context,
    int hidden,
    int vocabulary,
    int parameters) {
  /** Width, heads and head width of the surrogate. */
  static final int WIDTH = 64;

  static final int HEADS = 2;
  static final int HEAD_WIDTH = WIDTH / HEADS;

  private static final OpSize[] ALL = {
    new OpSize("small", 20, 200, 16, 48, 16, 32, 300, 64),
    new OpSize("real", 500, 17333, 256, 1024, 256, 512, 8000, 1024),
    new OpSize("large", 20000, 100000, 512, 4096, 512, 1024, 32000, 2048),
    new OpSize("card", 80000, 400000, 512, 16384, 512, 1024, 32000, 2048),
  };

  /**
   * The size of a name: small (fit for the reference), real (the method's own), large (beyond a
   * CPU's caches), or card (beyond a GPU's: 100 MB a tensor).
   */
  static OpSize named(String name) {
    for (OpSize size : ALL) {
      if (size.name.equals(name)) {
        return size;
      }
    }
    throw new IllegalArgumentException("size is small, real, large or card, not " + name);
  }

  /** Transitions of each sample: in the mean 5.4, as 500 users of a game shop have them. */
  int[] lengths() {
    Random random = new Random(7);
    int[] lengths = new int[samples];
    for (int b = 0; b < samples; b++) {
      lengths[b] = (int) Math.min(50, Math.ceil(3.9 * Math.exp(0.75 * random.nextGaussian())));
    }
    return lengths;
  }

  /** Positions of the surrogate's batch. */
  int positions() {
    int sum = 0;
    for (int length : lengths()) {
      sum += length;
    }
    return sum;
  }
}
