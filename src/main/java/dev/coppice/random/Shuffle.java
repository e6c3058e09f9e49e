// SPDX-License-Identifier: Apache-2.0
package dev.coppice.random;

import java.util.Arrays;

/** Seeded orders of the indices 0..n-1: by keyed hash, so one element's key needs no other's. */
public final class Shuffle {
  private Shuffle() {}

  /**
   * The indices 0..count-1 in ascending order of {@code Philox.key(seed, SHUFFLE, epoch, index, 0)}
   * as unsigned numbers, equal keys by index.
   *
   * @param count number of elements, 0 or more
   * @param epoch 0-based
   */
  public static int[] order(int count, long seed, int epoch) {
    return order(count, seed, Purpose.SHUFFLE, epoch, 0);
  }

  /**
   * The indices 0..count-1 in ascending order of {@code Philox.key(seed, purpose, a, index, c)} as
   * unsigned numbers, equal keys by index.
   *
   * @param count number of elements, 0 or more
   */
  public static int[] order(int count, long seed, int purpose, int a, int c) {
    long[] keys = new long[count];
    for (int index = 0; index < count; index++) {
      keys[index] = Philox.key(seed, purpose, a, index, c);
    }
    return byKey(keys);
  }

  /** The indices of {@code keys} in ascending order of the unsigned keys, equal keys by index. */
  static int[] byKey(long[] keys) {
    long[] sorted = new long[keys.length];
    for (int index = 0; index < keys.length; index++) {
      sorted[index] = keys[index] ^ Long.MIN_VALUE; // unsigned order as signed order
    }
    Arrays.sort(sorted);
    int[] order = new int[keys.length];
    int[] taken = new int[keys.length];
    for (int index = 0; index < keys.length; index++) {
      int first = firstPosition(sorted, keys[index] ^ Long.MIN_VALUE);
      order[first + taken[first]++] = index;
    }
    return order;
  }

  private static int firstPosition(long[] sorted, long key) {
    int low = 0;
    int high = sorted.length - 1;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (sorted[middle] < key) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
