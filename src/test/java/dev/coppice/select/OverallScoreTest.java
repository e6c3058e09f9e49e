// SPDX-License-Identifier: Apache-2.0
package dev.coppice.select;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.coppice.data.ConfigException;
import dev.coppice.data.InputException;
import dev.coppice.data.Scores;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OverallScoreTest {
  private static final int[] SAMPLES = {2, 4, 6};

  private static Scores influence() {
    return Scores.of(SAMPLES, Map.of("influence", new double[] {0, 2, 4}));
  }

  @Test
  void addsTheNormalizedScoresWithTheMix() {
    Map<String, double[]> columns = new LinkedHashMap<>();
    columns.put("influence", new double[] {0, 2, 4});
    columns.put("effort", new double[] {10, 30, 20});
    Scores overall = OverallScore.combine(Scores.of(SAMPLES, columns), 0.25);
    assertArrayEquals(SAMPLES, overall.samples());
    assertArrayEquals(new double[] {0, 0.75, 1.125}, overall.column("overall"));
    assertArrayEquals(new double[] {10, 30, 20}, overall.column("effort"));
  }

  @Test
  void takesExtremesOverTheSamplesThatHaveBothScores() {
    Scores effort = Scores.of(new int[] {9, 6, 2}, Map.of("effort", new double[] {1000, 8, 4}));
    Scores overall = OverallScore.combine(List.of(effort, influence()), 1);
    assertArrayEquals(new int[] {2, 6}, overall.samples());
    assertArrayEquals(new double[] {0, 2}, overall.column("overall"));
    assertArrayEquals(new double[] {0, 4}, overall.column("influence"));
    assertArrayEquals(new double[] {4, 8}, overall.column("effort"));
  }

  @Test
  void usesTheOneScoreGivenWithoutTheMix() {
    Scores alone = OverallScore.combine(influence(), 0.3);
    assertArrayEquals(new double[] {0, 0.5, 1}, alone.column("overall"));
    assertFalse(alone.has("effort"));
    Scores effort = Scores.of(SAMPLES, Map.of("effort", new double[] {5, 1, 3}));
    assertArrayEquals(
        new double[] {1, 0, 0.5}, OverallScore.combine(effort, 0.3).column("overall"));
  }

  @Test
  void readsNoOtherColumn() {
    Map<String, double[]> columns = new LinkedHashMap<>();
    columns.put("loss", new double[] {9, -9, 3});
    columns.put("influence", new double[] {0, 2, 4});
    columns.put("overall", new double[] {5, 5, 5});
    Scores overall = OverallScore.combine(Scores.of(SAMPLES, columns), 0.3);
    assertArrayEquals(new double[] {0, 0.5, 1}, overall.column("overall"));
    assertFalse(overall.has("loss"));
  }

  @Test
  void aConstantScoreHasNoPart() {
    Map<String, double[]> columns = new LinkedHashMap<>();
    columns.put("influence", new double[] {7, 7, 7});
    columns.put("effort", new double[] {1, 2, 3});
    Scores overall = OverallScore.combine(Scores.of(SAMPLES, columns), 2);
    assertArrayEquals(new double[] {0, 1, 2}, overall.column("overall"));
  }

  @Test
  void ordersByOverallThenByLowerId() {
    int[] samples = {8, 3, 5, 1, 2};
    double[] overall = {0.5, 0.0, 0.5, 0.9, -0.0};
    assertArrayEquals(new int[] {3, 2, 0, 4, 1}, OverallScore.order(samples, overall));
  }

  @Test
  void saysWhatIsMissing() {
    Scores loss = Scores.of(SAMPLES, Map.of("loss", new double[3]));
    assertMessage(
        "scores: no column influence or effort; give a score file that has one of them",
        List.of(loss));
    assertMessage(
        "scores: the column influence is in 2 of the files; give it once",
        List.of(influence(), influence()));
    assertMessage(
        "scores: no sample has a score; give scores of the same samples, at least one",
        List.of(influence(), Scores.of(new int[] {1}, Map.of("effort", new double[1]))));
  }

  @Test
  void refusesAMixThatIsNoWeight() {
    for (double mix : new double[] {-0.1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThrows(ConfigException.class, () -> OverallScore.combine(influence(), mix));
    }
  }

  private static void assertMessage(String message, List<Scores> sources) {
    InputException e = assertThrows(InputException.class, () -> OverallScore.combine(sources, 0.3));
    assertEquals(message, e.getMessage());
  }
}
