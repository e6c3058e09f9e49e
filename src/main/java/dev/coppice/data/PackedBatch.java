// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

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
  /** Number of samples, B. */
  public int sampleCount() {
    return samples.length;
  }

  /** Number of positions, T. */
  public int positionCount() {
    return items.length;
  }
}
