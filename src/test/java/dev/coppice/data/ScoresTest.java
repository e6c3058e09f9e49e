// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScoresTest {
  @Test
  void sortsRowsBySampleAndKeepsTheOrderOfColumns() {
    Map<String, double[]> columns = new LinkedHashMap<>();
    columns.put("z", new double[] {1, 2, 3});
    columns.put("a", new double[] {4, 5, 6});
    int[] ids = {30, 10, 20};
    Scores scores = Scores.of(ids, columns);
    ids[0] = 0; // a copy was made
    columns.get("z")[0] = 0;
    assertArrayEquals(new int[] {10, 20, 30}, scores.samples());
    assertArrayEquals(new double[] {2, 3, 1}, scores.column("z"));
    assertArrayEquals(new double[] {5, 6, 4}, scores.column("a"));
    assertEquals(List.of("z", "a"), List.copyOf(scores.names()));
    assertEquals(3, scores.size());
    assertEquals(2, scores.indexOf(30));
    assertEquals(-1, scores.indexOf(25));
    assertEquals(-1, scores.indexOf(5));
    assertTrue(scores.has("a"));
    assertFalse(scores.has("b"));
    assertThrows(IllegalArgumentException.class, () -> scores.column("b"));
  }

  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
  void rejectsWhatIsNotFiniteNamingTheSample(double value) {
    IllegalArgumentException rejected =
        assertThrows(
            IllegalArgumentException.class,
            () -> Scores.of(new int[] {5, 3}, Map.of("effort", new double[] {value, 1})));
    assertEquals("column effort of sample 5 is " + value, rejected.getMessage());
  }

  @Test
  void rejectsRepeatedAndNegativeSamplesAndOtherLengths() {
    Map<String, double[]> two = Map.of("e", new double[2]);
    assertThrows(IllegalArgumentException.class, () -> Scores.of(new int[] {4, 4}, two));
    assertThrows(IllegalArgumentException.class, () -> Scores.of(new int[] {4, -1}, two));
    assertThrows(IllegalArgumentException.class, () -> Scores.of(new int[] {4, 1, 2}, two));
  }
}
