// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Finite numbers of samples, in named columns; rows ascend by sample id. */
public final class Scores {
  private final int[] samples;
  private final Map<String, double[]> columns;

  private Scores(int[] samples, Map<String, double[]> columns) {
    this.samples = samples;
    this.columns = columns;
  }

  /**
   * Scores with copies of the arrays, rows sorted by sample id.
   *
   * @param samples different sample ids in any order, (N)
   * @param columns name to values, each (N); the order of the names is kept
   * @throws IllegalArgumentException if lengths differ, a sample id is negative or appears twice,
   *     or a value is not finite; the message names the column and the sample
   */
  public static Scores of(int[] samples, Map<String, double[]> columns) {
    int[] order = ascending(samples);
    int[] sorted = new int[samples.length];
    for (int row = 0; row < order.length; row++) {
      sorted[row] = samples[order[row]];
    }
    Map<String, double[]> copies = new LinkedHashMap<>();
    columns.forEach((name, values) -> copies.put(name, reordered(name, values, order, samples)));
    return new Scores(sorted, copies);
  }

  private static int[] ascending(int[] samples) {
    long[] keys = new long[samples.length];
    for (int row = 0; row < samples.length; row++) {
      if (samples[row] < 0) {
        throw new IllegalArgumentException("negative sample id " + samples[row]);
      }
      keys[row] = ((long) samples[row] << 32) | row;
    }
    Arrays.sort(keys);
    int[] order = new int[samples.length];
    for (int row = 0; row < order.length; row++) {
      order[row] = (int) keys[row];
      if (row > 0 && samples[order[row]] == samples[order[row - 1]]) {
        throw new IllegalArgumentException("sample " + samples[order[row]] + " appears twice");
      }
    }
    return order;
  }

  private static double[] reordered(String name, double[] values, int[] order, int[] samples) {
    if (values.length != samples.length) {
      throw new IllegalArgumentException(
          "column "
              + name
              + " has "
              + values.length
              + " values for "
              + samples.length
              + " samples");
    }
    double[] result = new double[values.length];
    for (int row = 0; row < order.length; row++) {
      result[row] = values[order[row]];
      if (!Double.isFinite(result[row])) {
        throw new IllegalArgumentException(
            "column " + name + " of sample " + samples[order[row]] + " is " + result[row]);
      }
    }
    return result;
  }

  /** Sample ids, ascending, (N); shared, do not write. */
  public int[] samples() {
    return samples;
  }

  /**
   * Values of a column in the order of {@link #samples}, (N); shared, do not write.
   *
   * @throws IllegalArgumentException if there is no such column
   */
  public double[] column(String name) {
    double[] values = columns.get(name);
    if (values == null) {
      throw new IllegalArgumentException("no column " + name + " among " + columns.keySet());
    }
    return values;
  }

  /** Whether there is a column of this name. */
  public boolean has(String name) {
    return columns.containsKey(name);
  }

  /** Column names, in order. */
  public Set<String> names() {
    return Collections.unmodifiableSet(columns.keySet());
  }

  /** Number of samples, N. */
  public int size() {
    return samples.length;
  }

  /** Row of a sample, or -1 if it has no score. */
  public int indexOf(int sample) {
    return Math.max(-1, Arrays.binarySearch(samples, sample));
  }
}
