// SPDX-License-Identifier: Apache-2.0
package dev.coppice.report;

import java.util.Arrays;

/**
 * Counts of a score in bins of equal width, of all samples and of the selected ones.
 *
 * @param edges borders of the bins, ascending, (bins + 1)
 * @param counts samples in each bin; bin b is [edges[b], edges[b+1]), the last one closed, (bins)
 * @param selected selected samples in each bin, (bins)
 * @param below samples and selected samples below edges[0], (2)
 * @param above samples and selected samples above the last edge, (2)
 */
record Histogram(double[] edges, int[] counts, int[] selected, int[] below, int[] above) {
  /** Share of the samples that may lie outside of the bins on each side. */
  private static final double TAIL = 0.005;

  private static final int MOST_BINS = 60;

  /** The bins cover everything unless that makes them this much wider. */
  private static final double STRETCH = 1.5;

  /**
   * The histogram of finite values. Where a few extreme values would squeeze the rest into a few
   * bins, the bins cover the central 99 % and the tails are counted beside them.
   *
   * @param values one score a sample, (B), B >= 1
   * @param kept whether each is selected, (B)
   */
  static Histogram of(double[] values, boolean[] kept) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    double lo = sorted[0];
    double hi = sorted[sorted.length - 1];
    double low = Quantiles.of(sorted, TAIL);
    double high = Quantiles.of(sorted, 1 - TAIL);
    if (high > low && hi / 2 - lo / 2 > STRETCH * (high / 2 - low / 2)) {
      lo = low;
      hi = high;
    }
    int count = lo == hi ? 1 : bins(values.length);
    double[] edges = new double[count + 1];
    for (int b = 0; b <= count; b++) {
      double share = (double) b / count;
      edges[b] = lo * (1 - share) + hi * share;
    }
    Histogram histogram =
        new Histogram(edges, new int[count], new int[count], new int[2], new int[2]);
    for (int s = 0; s < values.length; s++) {
      histogram.add(values[s], kept[s]);
    }
    return histogram;
  }

  /** Rice's rule, 2 B^(1/3), and no more than can be told apart on a page. */
  private static int bins(int samples) {
    return Math.min(MOST_BINS, (int) Math.ceil(2 * Math.cbrt(samples)));
  }

  private void add(double value, boolean isKept) {
    int last = edges.length - 1;
    int one = isKept ? 1 : 0;
    if (value < edges[0] || value > edges[last]) {
      int[] tail = value < edges[0] ? below : above;
      tail[0]++;
      tail[1] += one;
      return;
    }
    int at = Arrays.binarySearch(edges, value);
    // an edge belongs to the bin on its right, except the last; else the bin left of insertion
    int bin = Math.min(at >= 0 ? at : -at - 2, last - 1);
    counts[bin]++;
    selected[bin] += one;
  }
}
