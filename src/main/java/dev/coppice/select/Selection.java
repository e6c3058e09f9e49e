// SPDX-License-Identifier: Apache-2.0
package dev.coppice.select;

import java.util.Arrays;

/**
 * Which samples are kept, and how the strata led there. The arrays are not copied: do not change
 * them.
 *
 * @param selected ids of the samples kept, ascending, (n)
 * @param samples ids of all samples that had an overall score, ascending, (B)
 * @param overall overall score of each of {@code samples}, (B)
 * @param stratum stratum of each of {@code samples}, 0 at the lowest score; {@link #HARD_PRUNED}
 *     where it was dropped before strata were cut, (B)
 * @param sizes samples in each stratum before selection, (K)
 * @param counts samples kept of each stratum, (K)
 * @param edges borders of the strata: stratum k is [edges[k], edges[k+1]), the last one closed,
 *     (K+1); rounded, so that {@code stratum} and not a comparison with them decides
 */
public record Selection(
    int[] selected,
    int[] samples,
    double[] overall,
    int[] stratum,
    int[] sizes,
    int[] counts,
    double[] edges) {
  /** The stratum of a sample that hard pruning dropped. */
  public static final int HARD_PRUNED = -1;

  /** Number of samples that hard pruning dropped. */
  public int hardPruned() {
    return samples.length - Arrays.stream(sizes).sum();
  }

  /** Whether the sample with this id is kept. */
  public boolean keeps(int sample) {
    return Arrays.binarySearch(selected, sample) >= 0;
  }
}
