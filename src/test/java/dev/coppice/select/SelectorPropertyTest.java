// SPDX-License-Identifier: Apache-2.0
package dev.coppice.select;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.select.SelectionConfig.Strategy;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What holds for every input, on seeded random ones of many shapes. */
class SelectorPropertyTest {
  private static final int CASES = 300;

  /** Samples with scores, and a configuration that they can satisfy. */
  private record Case(String name, SelectionConfig config, int[] samples, double[] overall) {
    static Case random(Strategy strategy, int number) {
      SplittableRandom random = new SplittableRandom(1000L * strategy.ordinal() + number);
      int count = 1 + random.nextInt(number % 10 == 0 ? 2000 : 60);
      int[] samples = IntStream.range(0, count).map(i -> 3 * i + random.nextInt(3)).toArray();
      int shape = random.nextInt(4);
      double[] overall = new double[count];
      for (int i = 0; i < count; i++) {
        double u = random.nextDouble();
        overall[i] =
            switch (shape) {
              case 0 -> 1.3 * u; // even
              case 1 -> Math.pow(u, 8); // most at the bottom, strata of one at the top
              case 2 -> Math.floor(5 * u) / 5; // many ties
              default -> i % 7 == 0 ? 1e6 * u : 1e-6 * u; // two clusters, most strata empty
            };
      }
      double hardPrune = random.nextInt(3) == 0 ? 0 : 0.9 * random.nextDouble();
      int strata = 1 + random.nextInt(70);
      SelectionConfig any =
          new SelectionConfig(strategy, 1, 0.3, strata, hardPrune, random.nextLong());
      int candidates = count - any.hardPruned(count);
      int n = 1 + random.nextInt(candidates);
      String name = strategy + " case " + number + ": " + count + " samples, shape " + shape;
      return new Case(name, any, samples, overall).budget(n);
    }

    Case budget(int n) {
      SelectionConfig c = config;
      SelectionConfig other =
          new SelectionConfig(c.strategy(), n, c.mix(), c.strata(), c.hardPrune(), c.seed());
      return new Case(name + ", n " + n, other, samples, overall);
    }

    int candidates() {
      return samples.length - config.hardPruned(samples.length);
    }

    Selection select() {
      return Selector.select(config, samples, overall);
    }
  }

  private static Set<Integer> set(int[] values) {
    return Arrays.stream(values).boxed().collect(Collectors.toCollection(HashSet::new));
  }

  @ParameterizedTest
  @EnumSource
  void returnsExactlyNDifferentCandidatesAscending(Strategy strategy) {
    for (int number = 0; number < CASES; number++) {
      Case one = Case.random(strategy, number);
      Selection selection = one.select();
      int[] selected = selection.selected();
      assertEquals(one.config.n(), selected.length, one.name);
      for (int i = 0; i < selected.length; i++) {
        assertTrue(i == 0 || selected[i] > selected[i - 1], one.name);
        int row = Arrays.binarySearch(selection.samples(), selected[i]);
        assertTrue(row >= 0 && selection.stratum()[row] >= 0, one.name);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void doesNotDependOnTheOrderOfRows(Strategy strategy) {
    for (int number = 0; number < CASES; number++) {
      Case one = Case.random(strategy, number);
      int[] samples = one.samples.clone();
      double[] overall = one.overall.clone();
      SplittableRandom random = new SplittableRandom(number);
      for (int i = samples.length - 1; i > 0; i--) {
        int j = random.nextInt(i + 1);
        int sample = samples[i];
        samples[i] = samples[j];
        samples[j] = sample;
        double score = overall[i];
        overall[i] = overall[j];
        overall[j] = score;
      }
      Selection expected = one.select();
      Selection permuted = Selector.select(one.config, samples, overall);
      assertArrayEquals(expected.selected(), permuted.selected(), one.name);
      assertArrayEquals(expected.samples(), permuted.samples(), one.name);
      assertArrayEquals(expected.overall(), permuted.overall(), one.name);
      assertArrayEquals(expected.stratum(), permuted.stratum(), one.name);
      assertArrayEquals(expected.counts(), permuted.counts(), one.name);
    }
  }

  @ParameterizedTest
  @EnumSource
  void everySampleIsInOneStratumOrHardPruned(Strategy strategy) {
    for (int number = 0; number < CASES; number++) {
      Case one = Case.random(strategy, number);
      Selection selection = one.select();
      int strata = selection.sizes().length;
      int[] sizes = new int[strata];
      int[] counts = new int[strata];
      double lowestPruned = Double.POSITIVE_INFINITY;
      double highestLeft = Double.NEGATIVE_INFINITY;
      for (int row = 0; row < selection.samples().length; row++) {
        int stratum = selection.stratum()[row];
        double score = selection.overall()[row];
        if (stratum == Selection.HARD_PRUNED) {
          lowestPruned = Math.min(lowestPruned, score);
        } else {
          highestLeft = Math.max(highestLeft, score);
          sizes[stratum]++;
          counts[stratum] += selection.keeps(selection.samples()[row]) ? 1 : 0;
        }
      }
      assertArrayEquals(sizes, selection.sizes(), one.name);
      assertArrayEquals(counts, selection.counts(), one.name);
      assertEquals(one.config.hardPruned(one.samples.length), selection.hardPruned(), one.name);
      assertTrue(lowestPruned >= highestLeft, one.name + ": a lower score was hard-pruned");
    }
  }

  @ParameterizedTest
  @EnumSource
  void strataAscendWithTheScoreAndBothEndsAreInOne(Strategy strategy) {
    for (int number = 0; number < CASES; number++) {
      Case one = Case.random(strategy, number);
      Selection selection = one.select();
      int[] order = OverallScore.order(selection.samples(), selection.overall());
      int left = one.samples.length - one.candidates();
      assertEquals(
          selection.sizes().length - 1,
          selection.stratum()[order[left]],
          one.name + ": the top sample that is left is in the last stratum");
      for (int rank = left + 1; rank < order.length; rank++) {
        assertTrue(
            selection.stratum()[order[rank]] <= selection.stratum()[order[rank - 1]], one.name);
      }
      assertEquals(0, selection.stratum()[order[order.length - 1]], one.name);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aLargerBudgetKeepsEverythingThatASmallerOneKept(Strategy strategy) {
    for (int number = 1; number < CASES; number += 10) {
      Case one = Case.random(strategy, number);
      Set<Integer> smaller = Set.of();
      for (int n = 1; n <= one.candidates(); n++) {
        Set<Integer> larger = set(one.budget(n).select().selected());
        assertTrue(larger.containsAll(smaller), one.name + " and one fewer than " + n);
        assertEquals(n, larger.size(), one.name);
        smaller = larger;
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = "COVERAGE")
  void noStratumIsFavouredBeyondTheFloorRule(Strategy strategy) {
    for (int number = 0; number < CASES; number++) {
      Case one = Case.random(strategy, number);
      Selection selection = one.select();
      int most = Arrays.stream(selection.counts()).max().orElseThrow();
      for (int k = 0; k < selection.sizes().length; k++) {
        // a stratum that gives fewer than the most generous one by more than the rounding gave all
        if (selection.counts()[k] < most - 1) {
          assertEquals(selection.sizes()[k], selection.counts()[k], one.name + " stratum " + k);
        }
      }
    }
  }
}
