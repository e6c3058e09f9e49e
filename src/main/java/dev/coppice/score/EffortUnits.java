// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * How samples are divided into macro-batches: consecutive ones, as many as fit and as take no
 * longer than a unit of work may.
 *
 * @param ends one past the last sample of each macro-batch
 */
record EffortUnits(int[] ends) {

  /**
   * Divides samples.
   *
   * @param most what a macro-batch may hold; each sample must fit it
   * @param lengths tokens of each sample
   * @param seconds that each sample takes
   * @param limit seconds of a macro-batch, unless one sample takes longer
   */
  static EffortUnits of(EffortSizes most, int[] lengths, double[] seconds, double limit) {
    int[] ends = new int[lengths.length];
    int count = 0;
    int from = 0;
    while (from < lengths.length) {
      from = end(most, lengths, seconds, limit, from);
      ends[count++] = from;
    }
    return new EffortUnits(Arrays.copyOf(ends, count));
  }

  private static int end(
      EffortSizes most, int[] lengths, double[] seconds, double limit, int from) {
    long own = most.shared();
    long whole = 0;
    double spent = 0;
    int to = from;
    while (to < lengths.length && to - from < most.samples()) {
      own += lengths[to] - most.shared();
      whole += lengths[to];
      spent += seconds[to];
      boolean fits = own <= most.positions() && whole <= most.wholePositions() && spent <= limit;
      if (!fits && to > from) {
        return to;
      }
      to++;
    }
    return to;
  }

  int count() {
    return ends.length;
  }

  private int start(int unit) {
    return unit == 0 ? 0 : ends[unit - 1];
  }

  /** What the fullest macro-batch fills: the largest of each size. */
  EffortSizes filled(EffortPlan plan, EffortSizes most, int[] lengths) {
    return IntStream.range(0, count())
        .mapToObj(unit -> Arrays.copyOfRange(lengths, start(unit), ends[unit]))
        .map(unit -> plan.filled(most, unit))
        .reduce(EffortSizes::largest)
        .orElse(most);
  }
}
