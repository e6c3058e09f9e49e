// SPDX-License-Identifier: Apache-2.0
package dev.coppice.select;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.data.ConfigException;
import dev.coppice.data.InputException;
import dev.coppice.random.Philox;
import dev.coppice.random.Purpose;
import dev.coppice.select.SelectionConfig.Strategy;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Cases worked out by hand; {@link SelectorPropertyTest} has what holds for every input. */
class SelectorTest {
  /** The example of docs/selection.md: 12 samples, ids 10 to 21. */
  private static final int[] SAMPLES = IntStream.range(10, 22).toArray();

  private static final double[] OVERALL = {
    0.00,
    0.05,
    0.10,
    0.12,
    0.20,
    0.24, // stratum 0 of [0, 1] cut into 4: below 0.25
    0.30,
    0.40,
    0.49, // stratum 1
    1.00,
    0.80, // stratum 3; stratum 2 is empty
    1.30 // the highest: hard-pruned
  };

  private static SelectionConfig config(Strategy strategy, int n, double hardPrune, long seed) {
    return new SelectionConfig(strategy, n, 0.3, 4, hardPrune, seed);
  }

  private static int[] smallestHashes(long seed, int count, int... samples) {
    return Arrays.stream(samples)
        .boxed()
        .sorted(
            (s, t) ->
                Long.compareUnsigned(
                    Philox.key(seed, Purpose.SELECTION, s, 0, 0),
                    Philox.key(seed, Purpose.SELECTION, t, 0, 0)))
        .limit(count)
        .mapToInt(Integer::intValue)
        .toArray();
  }

  @Test
  void agreesWithTheExampleWorkedByHand() {
    // 12 samples, floor(0.1 * 12) = 1 dropped: sample 21. Strata sizes 6, 3, 0, 2. Budget 7:
    // stratum 3 (2): min(2, floor(7/3)) = 2, 5 left; stratum 1 (3): min(3, floor(5/2)) = 2, 3 left;
    // stratum 0 (6): min(6, 3) = 3.
    Selection selection = Selector.select(config(Strategy.COVERAGE, 7, 0.1, 42), SAMPLES, OVERALL);
    assertArrayEquals(new int[] {6, 3, 0, 2}, selection.sizes());
    assertArrayEquals(new int[] {3, 2, 0, 2}, selection.counts());
    assertArrayEquals(new double[] {0, 0.25, 0.5, 0.75, 1}, selection.edges());
    assertArrayEquals(new int[] {0, 0, 0, 0, 0, 0, 1, 1, 1, 3, 3, -1}, selection.stratum());
    assertEquals(1, selection.hardPruned());
    int[] expected =
        IntStream.of(
                IntStream.concat(
                        IntStream.of(smallestHashes(42, 3, 10, 11, 12, 13, 14, 15)),
                        IntStream.concat(
                            IntStream.of(smallestHashes(42, 2, 16, 17, 18)), IntStream.of(19, 20)))
                    .toArray())
            .sorted()
            .toArray();
    assertArrayEquals(expected, selection.selected());
    assertArrayEquals(new int[] {10, 12, 13, 17, 18, 19, 20}, selection.selected(), "the document");
  }

  @Test
  void anUpperEdgeBelongsToTheNextStratumAndTheTopToTheLast() {
    int[] samples = {0, 1, 2, 3, 4};
    double[] overall = {0, 0.25, 0.5, 0.75, 1};
    Selection selection = Selector.select(config(Strategy.COVERAGE, 1, 0, 1), samples, overall);
    assertArrayEquals(new int[] {0, 1, 2, 3, 3}, selection.stratum());
  }

  @Test
  void strataOfEqualSizeAreServedFromTheLowestIndex() {
    // sizes 2, 2, 2, 2 and budget 5: floor(5/4), floor(4/3), floor(3/2), 2
    int[] samples = IntStream.range(0, 8).toArray();
    double[] overall = {0, 0.1, 0.3, 0.4, 0.6, 0.7, 0.9, 1};
    Selection selection = Selector.select(config(Strategy.COVERAGE, 5, 0, 1), samples, overall);
    assertArrayEquals(new int[] {1, 1, 1, 2}, selection.counts());
  }

  @Test
  void aConstantScoreIsOneStratum() {
    double[] overall = new double[12];
    Arrays.fill(overall, 0.7);
    Selection selection = Selector.select(config(Strategy.COVERAGE, 5, 0.25, 9), SAMPLES, overall);
    assertArrayEquals(new int[] {9}, selection.sizes());
    assertArrayEquals(new int[] {5}, selection.counts());
    assertArrayEquals(new double[] {0.7, 0.7}, selection.edges());
    // of equal scores the lower ids are first in the order, so they are hard-pruned
    assertArrayEquals(new int[] {-1, -1, -1}, Arrays.copyOf(selection.stratum(), 3));
    int[] expected = smallestHashes(9, 5, 13, 14, 15, 16, 17, 18, 19, 20, 21);
    assertArrayEquals(Arrays.stream(expected).sorted().toArray(), selection.selected());
  }

  @Test
  void topTakesTheHighestAndPrunesNone() {
    Selection selection = Selector.select(config(Strategy.TOP, 4, 0.5, 42), SAMPLES, OVERALL);
    assertArrayEquals(new int[] {18, 19, 20, 21}, selection.selected());
    assertEquals(0, selection.hardPruned());
    assertEquals(4, Arrays.stream(selection.counts()).sum());
  }

  @Test
  void topBreaksTiesByLowerId() {
    Selection selection =
        Selector.select(config(Strategy.TOP, 2, 0, 1), new int[] {7, 5, 6}, new double[] {1, 1, 1});
    assertArrayEquals(new int[] {5, 6}, selection.selected());
  }

  @Test
  void randomTakesTheSmallestHashesAndPrunesNone() {
    Selection selection = Selector.select(config(Strategy.RANDOM, 5, 0.5, 3), SAMPLES, OVERALL);
    int[] expected = smallestHashes(3, 5, SAMPLES);
    assertArrayEquals(Arrays.stream(expected).sorted().toArray(), selection.selected());
    assertEquals(0, selection.hardPruned());
  }

  @Test
  void theSeedDecides() {
    int[] first = Selector.select(config(Strategy.RANDOM, 5, 0, 3), SAMPLES, OVERALL).selected();
    int[] high =
        Selector.select(config(Strategy.RANDOM, 5, 0, 3L + (1L << 40)), SAMPLES, OVERALL)
            .selected();
    assertTrue(!Arrays.equals(first, high), "seeds that differ in the high word only");
  }

  @Test
  void everythingIsKeptWhenTheBudgetIsEverything() {
    for (Strategy strategy : Strategy.values()) {
      Selection selection = Selector.select(config(strategy, 12, 0, 1), SAMPLES, OVERALL);
      assertArrayEquals(SAMPLES, selection.selected(), strategy.name());
      assertArrayEquals(selection.sizes(), selection.counts(), strategy.name());
    }
  }

  @Test
  void tooFewCandidatesAreCounted() {
    assertTooFew(
        "scores: 12 samples asked for, 11 can be selected (12 have an overall score, 1 of them"
            + " hard-pruned); lower --n or --hard-prune",
        config(Strategy.COVERAGE, 12, 0.1, 1));
    assertTooFew(
        "scores: 13 samples asked for, 12 can be selected (12 have an overall score); lower --n",
        config(Strategy.TOP, 13, 0.1, 1));
  }

  @Test
  void refusesWhatIsNoSetOfFiniteScores() {
    SelectionConfig config = config(Strategy.TOP, 1, 0, 1);
    assertUnsound("2 samples, 1 overall scores", config, new int[] {1, 2}, 0.5);
    assertUnsound("sample 4 is negative or repeated", config, new int[] {4, 1, 4}, 1, 2, 3);
    assertUnsound("sample -4 is negative or repeated", config, new int[] {1, -4}, 1, 2);
    assertUnsound("the overall score of sample 8 is NaN", config, new int[] {8, 1}, Double.NaN, 2);
  }

  @Test
  void refusesConfigurationsOutOfRange() {
    assertBad("n is 0; keep at least 1 sample", 0, 0.3, 50, 0.1);
    assertBad("lambda is -1.0; give a number of 0 or more", 1, -1, 50, 0.1);
    assertBad("strata is 0; give 1 to 100000", 1, 0.3, 0, 0.1);
    assertBad("strata is 100001; give 1 to 100000", 1, 0.3, 100_001, 0.1);
    assertBad("hard-prune is 1.0; give a share from 0 to below 1", 1, 0.3, 50, 1);
    assertBad("hard-prune is NaN; give a share from 0 to below 1", 1, 0.3, 50, Double.NaN);
  }

  private static void assertTooFew(String message, SelectionConfig config) {
    InputException e =
        assertThrows(InputException.class, () -> Selector.select(config, SAMPLES, OVERALL));
    assertEquals(message, e.getMessage());
  }

  private static void assertUnsound(
      String message, SelectionConfig config, int[] samples, double... overall) {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> Selector.select(config, samples, overall));
    assertEquals(message, e.getMessage());
  }

  private static void assertBad(String message, int n, double mix, int strata, double hardPrune) {
    ConfigException e =
        assertThrows(
            ConfigException.class,
            () -> new SelectionConfig(Strategy.COVERAGE, n, mix, strata, hardPrune, 1));
    assertEquals(message, e.getMessage());
  }
}
