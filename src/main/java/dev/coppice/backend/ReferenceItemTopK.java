// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/** Definition of {@link SurrogateOps#itemTopK}. */
final class ReferenceItemTopK {
  private ReferenceItemTopK() {}

  /** Sorts all items that are left by score, then id, and takes the first {@code count}. */
  static int[] topK(
      int users, int items, int count, double[] h, double[] table, int[] maskOffsets, int[] mask) {
    int[] ids = new int[users * count];
    Arrays.fill(ids, -1);
    int width = users == 0 ? 0 : h.length / users;
    for (int u = 0; u < users; u++) {
      double[] score = new double[items];
      boolean[] masked = new boolean[items];
      for (int item = 0; item < items; item++) {
        for (int d = 0; d < width; d++) {
          score[item] += table[item * width + d] * h[u * width + d];
        }
      }
      for (int m = maskOffsets[u]; m < maskOffsets[u + 1]; m++) {
        masked[mask[m]] = true;
      }
      int[] best =
          IntStream.range(1, items)
              .filter(item -> !masked[item])
              .boxed()
              .sorted(
                  Comparator.<Integer>comparingDouble(item -> -score[item])
                      .thenComparingInt(item -> item))
              .mapToInt(Integer::intValue)
              .limit(count)
              .toArray();
      System.arraycopy(best, 0, ids, u * count, best.length);
    }
    return ids;
  }
}
