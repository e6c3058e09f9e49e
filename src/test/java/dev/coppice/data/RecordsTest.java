// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

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
