// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

import java.util.Arrays;
import java.util.Optional;

/**
 * Next-item transitions to validation items: what a surrogate's held-out loss is measured on.
 *
 * <p>A user's sequence is the training row followed by the validation row; of its last {@code
 * maxLen} transitions those to validation items count, each with one over their number, the others
 * with 0. Negatives are those of epoch 0, drawn as {@link SurrogateSamples} does for the joined
 * row, so they are in neither part; {@code negatives.txt} has none for these transitions.
 */
public final class HeldOutSamples {
  private final SurrogateSamples joined;
  private final Sequences valid;
  private final int[] users;

  /**
   * Prepares the view.
   *
   * @param maxLen transitions kept of a sequence, 1 or more
   * @param seed of the negatives
   * @throws InputException if a user has chosen every item, so that no negative exists
   */
  public HeldOutSamples(Dataset dataset, int maxLen, long seed) {
    valid = dataset.valid();
    Dataset later =
        new Dataset(
            dataset.users(),
            dataset.train().followedBy(valid),
            valid,
            dataset.test(),
            dataset.titles(),
            dataset.prompt(),
            Optional.empty());
    joined = new SurrogateSamples(later, maxLen, 0, seed);
    int[] with = new int[valid.count()];
    int count = 0;
    for (int user = 0; user < valid.count(); user++) {
      if (valid.length(user) > 0) {
        with[count++] = user;
      }
    }
    users = Arrays.copyOf(with, count);
  }

  /** Users with validation items, ascending; shared, do not write. */
  public int[] users() {
    return users;
  }

  /**
   * The transitions of some users.
   *
   * @param some users with validation items
   * @throws IllegalArgumentException if a user has none
   */
  public PackedBatch batch(int[] some) {
    PackedBatch batch = joined.batch(some, 0, Weighting.SAMPLE_MEAN);
    double[] weights = new double[batch.positionCount()];
    for (int b = 0; b < some.length; b++) {
      int end = batch.offsets()[b + 1];
      int counted = Math.min(valid.length(some[b]), end - batch.offsets()[b]);
      if (counted == 0) {
        throw new IllegalArgumentException("user " + some[b] + " has no validation item");
      }
      Arrays.fill(weights, end - counted, end, 1.0 / counted);
    }
    return new PackedBatch(
        batch.samples(),
        batch.offsets(),
        batch.items(),
        batch.positives(),
        batch.negatives(),
        batch.positions(),
        weights);
  }
}
