// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RemovalsTest {
  private static int[] odd(int count) {
    return IntStream.range(0, count).map(i -> 2 * i + 1).toArray();
  }

  private static void assertSubset(int[] of, int count, int[] drawn) {
    assertEquals(count, drawn.length);
    Set<Integer> all = Arrays.stream(of).boxed().collect(Collectors.toSet());
    for (int i = 0; i < drawn.length; i++) {
      assertTrue(all.contains(drawn[i]), drawn[i] + " is none of the samples");
      assertTrue(i == 0 || drawn[i] > drawn[i - 1], "ascending, and none twice");
    }
  }

  @Test
  void leavesOutExactlyHalf() {
    for (int count : new int[] {1, 2, 7, 100, 1001}) {
      int[] samples = odd(count);
      for (int number = 0; number < 20; number++) {
        assertSubset(samples, count / 2, Removals.half(samples, 5, number));
      }
    }
  }

  @Test
  void everySampleIsLeftOutAboutHalfOfTheTime() {
    int[] samples = odd(50);
    int sets = 400;
    int[] times = new int[101];
    for (int number = 0; number < sets; number++) {
      for (int sample : Removals.half(samples, 9, number)) {
        times[sample]++;
      }
    }
    double deviation = Math.sqrt(sets) / 2; // binomial, p = 1/2
    for (int sample : samples) {
      assertEquals(sets / 2.0, times[sample], 4.5 * deviation, "sample " + sample);
    }
  }

  @Test
  void isAFunctionOfSeedKindAndNumber() {
    int[] samples = odd(20);
    assertArrayEquals(Removals.half(samples, 5, 3), Removals.half(samples, 5, 3));
    List<int[]> sets =
        List.of(
            Removals.half(samples, 5, 0),
            Removals.half(samples, 5, 1),
            Removals.half(samples, 6, 0),
            Removals.group(samples, 10, 5, 0),
            Removals.group(samples, 10, 5, 1),
            Removals.users(samples, 10, 5));
    Set<String> different = new HashSet<>();
    sets.forEach(set -> different.add(Arrays.toString(set)));
    assertEquals(sets.size(), different.size());
    // the worked example of docs/randomness.md
    assertArrayEquals(
        new int[] {2, 4, 6, 7, 8}, Removals.half(IntStream.range(0, 10).toArray(), 42, 0));
  }

  @Test
  void takesTheExtremesWithTiesByLowerId() {
    int[] samples = {0, 2, 3, 5, 8};
    double[] score = {1, 99, 4, 4, 99, 4, 99, 99, -2};
    assertArrayEquals(new int[] {2, 3}, Removals.extreme(samples, 2, score, true));
    assertArrayEquals(new int[] {0, 2, 8}, Removals.extreme(samples, 3, score, false));
    assertArrayEquals(samples, Removals.extreme(samples, 5, score, true));
  }

  @Test
  void refusesMoreThanThereAre() {
    assertThrows(IllegalArgumentException.class, () -> Removals.group(new int[] {1, 2}, 3, 42, 0));
  }
}
