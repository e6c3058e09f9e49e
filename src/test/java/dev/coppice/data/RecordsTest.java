// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RecordsTest {
  @Test
  void sequencesGiveTheirRows() {
    Sequences rows = SmallDataset.rows(new int[] {4, 5}, new int[0], new int[] {6});
    assertEquals(3, rows.count());
    assertEquals(0, rows.length(1));
    assertEquals(2, rows.start(2));
    assertEquals(5, rows.item(0, 1));
    assertThrows(IndexOutOfBoundsException.class, () -> rows.item(0, 2));
    assertThrows(IndexOutOfBoundsException.class, () -> rows.item(2, -1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "1 2", "0 1", "0 2 1 2"})
  void sequencesRefuseOffsetsThatDoNotAscendToTheEnd(String text) {
    int[] offsets =
        text.isEmpty()
            ? new int[0]
            : List.of(text.split(" ")).stream().mapToInt(Integer::parseInt).toArray();
    assertThrows(IllegalArgumentException.class, () -> new Sequences(offsets, new int[2]));
  }

  @Test
  void aDatasetHasARowAUserInEveryPart() {
    Sequences one = SmallDataset.rows(new int[] {1});
    Sequences two = SmallDataset.rows(new int[] {1}, new int[] {1});
    assertThrows(IllegalArgumentException.class, () -> dataset(two, one, one, null));
    assertThrows(IllegalArgumentException.class, () -> dataset(one, two, one, null));
    assertThrows(IllegalArgumentException.class, () -> dataset(one, one, two, null));
    assertThrows(IllegalArgumentException.class, () -> dataset(one, one, one, two));
    assertEquals(1, dataset(one, one, one, one).samples());
  }

  @Test
  void someRowsOfADatasetAreOneOfTheirOwn() {
    Sequences train = SmallDataset.rows(new int[] {1, 2}, new int[] {3}, new int[] {2, 1, 3});
    Sequences valid = SmallDataset.rows(new int[] {}, new int[] {1}, new int[] {1, 2});
    Sequences test = SmallDataset.rows(new int[] {3}, new int[] {2}, new int[] {});
    Sequences fixed = SmallDataset.rows(new int[] {3}, new int[] {}, new int[] {1, 2});
    Dataset some = SmallDataset.of(3, train, valid, test, fixed).rows(new int[] {2, 0});
    assertEquals(List.of("user2", "user0"), some.users());
    assertRows(some.train(), new int[] {2, 1, 3}, new int[] {1, 2});
    assertRows(some.valid(), new int[] {1, 2}, new int[] {});
    assertRows(some.test(), new int[] {}, new int[] {3});
    assertRows(some.negatives().orElseThrow(), new int[] {1, 2}, new int[] {3});
    assertEquals(3, some.items());
    assertRows(
        train.followedBy(valid), new int[] {1, 2}, new int[] {3, 1}, new int[] {2, 1, 3, 1, 2});
  }

  private static void assertRows(Sequences actual, int[]... expected) {
    assertArrayEquals(SmallDataset.rows(expected).offsets(), actual.offsets());
    assertArrayEquals(SmallDataset.rows(expected).items(), actual.items());
  }

  @Test
  void aBatchWithoutSomeSamplesIsTheMeanOverTheOthers() {
    int[] five = {1, 2, 3, 4, 5};
    PackedBatch batch =
        new PackedBatch(
            new int[] {7, 2, 9}, new int[] {0, 2, 3, 5}, five, five, five, five, new double[5]);
    BitSet removed = new BitSet();
    removed.set(2);
    removed.set(4);
    PackedBatch left = batch.without(removed);
    assertArrayEquals(new double[] {0.25, 0.25, 0, 0.25, 0.25}, left.weights());
    assertEquals(4, left.weightedCount());
    assertEquals(5, left.positionCount());
    removed.set(0, 10);
    assertArrayEquals(new double[5], batch.without(removed).weights());
    assertEquals(0, batch.without(removed).weightedCount());
  }

  private static Dataset dataset(Sequences train, Sequences valid, Sequences test, Sequences neg) {
    String[] titles = {null, "One"};
    return new Dataset(
        List.of("u"), train, valid, test, titles, Prompt.GENERIC, Optional.ofNullable(neg));
  }

  @Test
  void targetsOfATokenSampleLeaveOutTheFirstToken() {
    boolean[] scored = {true, false, true, true};
    assertEquals(2, new TokenSample(0, new int[4], scored).targets());
    assertEquals(0, new TokenSample(0, new int[1], new boolean[] {true}).targets());
    assertEquals(0, new TokenSample(0, new int[0], new boolean[0]).targets());
    assertThrows(
        IllegalArgumentException.class, () -> new TokenSample(0, new int[3], new boolean[2]));
  }

  @Test
  void inputErrorsNameThePlaceTheFaultAndTheRemedy() {
    assertEquals(
        "a.txt:3: bad; mend it", InputException.at("a.txt", 3, "bad", "mend it").getMessage());
    assertEquals("a.txt: bad; mend it", InputException.of("a.txt", "bad", "mend it").getMessage());
  }
}
