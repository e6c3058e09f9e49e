// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

import java.util.Arrays;
import java.util.BitSet;

/**
 * Next-item transitions of some samples, packed end to end without padding. B samples, T positions;
 * sample s has the positions {@code offsets[s] .. offsets[s+1]-1}, oldest first.
 *
 * @param samples sample ids in the order asked for, (B)
 * @param offsets ascending from 0 to T, (B+1)
 * @param items input item of each position, (T)
 * @param positives next item, (T)
 * @param negatives sampled item that is not among the user's training items, (T)
 * @param positions row of the position table, right-aligned: a sample's last is max_len - 1, (T)
 * @param weights weight of each position's loss, (T)
 */
public record PackedBatch(
    int[] samples,
    int[] offsets,
    int[] items,
    int[] positives,
    int[] negatives,
    int[] positions,
    double[] weights) {
  /**
   * The same positions in the same places, weighted as the batch mean of the samples that are left:
   * {@code 1/T'} with T' their positions, 0 for those of removed samples. With every sample removed
   * all weights are 0.
   *
   * @param removed ids of samples, in this batch or not
   */
  public PackedBatch without(BitSet removed) {
    int left = 0;
    for (int b = 0; b < samples.length; b++) {
      left += removed.get(samples[b]) ? 0 : offsets[b + 1] - offsets[b];
    }
    double[] shared = new double[weights.length];
    for (int b = 0; b < samples.length; b++) {
      double weight = removed.get(samples[b]) ? 0 : 1.0 / left;
      Arrays.fill(shared, offsets[b], offsets[b + 1], weight);
    }
    return new PackedBatch(samples, offsets, items, positives, negatives, positions, shared);
  }

  /** Number of positions whose loss counts, at most T. */
  public int weightedCount() {
    return (int) Arrays.stream(weights).filter(weight -> weight > 0).count();
  }

  /** Number of samples, B. */
  public int sampleCount() {
    return samples.length;
  }

  /** Number of positions, T. */
  public int positionCount() {
    return items.length;
  }
}
