// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.random.Purpose;
import dev.coppice.random.Shuffle;
import java.util.Arrays;

/**
 * Seeded sets of samples: the smallest keys {@code Philox.key} at (VALIDATION, number of the set,
 * index among the samples given, kind of the set). A set is a function of seed, kind and number.
 */
public final class Removals {
  private static final int USERS = 0;
  private static final int HALF = 1;
  private static final int GROUP = 2;

  private Removals() {}

  /**
   * A subset of the samples for a smaller problem.
   *
   * @param samples ids, ascending
   * @param count at most their number
   * @return ids, ascending
   */
  public static int[] users(int[] samples, int count, long seed) {
    return drawn(samples, count, seed, 0, USERS);
  }

  /**
   * What a random half leaves out: floor(n/2) of the n samples, ascending.
   *
   * @param number of the subset, from 0
   */
  public static int[] half(int[] samples, long seed, int number) {
    return drawn(samples, samples.length / 2, seed, number, HALF);
  }

  /**
   * A random group of {@code count} samples, ascending.
   *
   * @param number of the group, from 0
   */
  public static int[] group(int[] samples, int count, long seed, int number) {
    return drawn(samples, count, seed, number, GROUP);
  }

  private static int[] drawn(int[] samples, int count, long seed, int number, int kind) {
    if (count < 0 || count > samples.length) {
      throw new IllegalArgumentException(count + " of " + samples.length + " samples asked for");
    }
    int[] order = Shuffle.order(samples.length, seed, Purpose.VALIDATION, number, kind);
    int[] chosen = new int[count];
    for (int i = 0; i < count; i++) {
      chosen[i] = samples[order[i]];
    }
    Arrays.sort(chosen);
    return chosen;
  }

  /**
   * The samples with the largest or smallest scores, ties by lower id.
   *
   * @param samples ids
   * @param count at most their number
   * @param score by sample id
   * @return ids, ascending
   */
  public static int[] extreme(int[] samples, int count, double[] score, boolean largest) {
    int sign = largest ? -1 : 1;
    return Arrays.stream(samples)
        .boxed()
        .sorted(
            (a, b) -> {
              int byScore = sign * Double.compare(score[a], score[b]);
              return byScore != 0 ? byScore : Integer.compare(a, b);
            })
        .limit(count)
        .mapToInt(Integer::intValue)
        .sorted()
        .toArray();
  }
}
