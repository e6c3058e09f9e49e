// SPDX-License-Identifier: Apache-2.0
package dev.coppice.random;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ShuffleTest {
  @Test
  void sortsByTheUnsignedKeyOfEachIndex() {
    int[] expected =
        IntStream.range(0, 1000)
            .boxed()
            .sorted(
                Comparator.comparing(
                    index -> Long.toUnsignedString(Philox.key(7, Purpose.SHUFFLE, 3, index, 0), 16),
                    Comparator.comparing(String::length).thenComparing(String::compareTo)))
            .mapToInt(Integer::intValue)
            .toArray();
    assertArrayEquals(expected, Shuffle.order(1000, 7, 3));
  }

  @Test
  void breaksTiesByIndex() {
    assertArrayEquals(
        new int[] {1, 3, 0, 2, 5, 4}, Shuffle.byKey(new long[] {5, 2, 5, 2, -1, Long.MAX_VALUE}));
    assertArrayEquals(new int[] {0, 1, 2}, Shuffle.byKey(new long[] {-9, -9, -9}));
  }

  @Test
  void differsBetweenSeedsAndEpochs() {
    int[] order = Shuffle.order(100, 7, 3);
    assertFalse(Arrays.equals(order, Shuffle.order(100, 8, 3)));
    assertFalse(Arrays.equals(order, Shuffle.order(100, 7, 4)));
    assertArrayEquals(new int[0], Shuffle.order(0, 7, 3));
  }
}
