// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.coppice.TestedBackend;
import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Workspace;
import dev.coppice.data.EvaluationSet;
import dev.coppice.data.Sequences;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SurrogateEvaluatorTest {
  private static final int ITEMS = 90;
  private static final SasRecConfig CONFIG = new SasRecConfig(ITEMS, 4, 1, 2, 5, 0.5f);

  /** More users than one batch takes, inputs of 1 to 5 items, masks with repetitions. */
  private static EvaluationSet users(int count) {
    Random random = new Random(3);
    int[] offsets = new int[count + 1];
    int[] items = new int[5 * count];
    int[] positions = new int[5 * count];
    int[] answerOffsets = new int[count + 1];
    int[] answers = new int[3 * count];
    for (int u = 0; u < count; u++) {
      int length = 1 + u % 5;
      for (int k = 0; k < length; k++) {
        items[offsets[u] + k] = 1 + random.nextInt(ITEMS);
        positions[offsets[u] + k] = 5 - length + k;
      }
      offsets[u + 1] = offsets[u] + length;
      Set<Integer> wanted = new TreeSet<>();
      while (wanted.size() < 1 + u % 3) {
        wanted.add(1 + random.nextInt(ITEMS));
      }
      answerOffsets[u + 1] = answerOffsets[u];
      for (int item : wanted) {
        answers[answerOffsets[u + 1]++] = item;
      }
    }
    int[] inputs = Arrays.copyOf(items, offsets[count]);
    return new EvaluationSet(
        IntStream.range(0, count).toArray(),
        offsets,
        inputs,
        Arrays.copyOf(positions, offsets[count]),
        new Sequences(offsets, inputs),
        new Sequences(answerOffsets, Arrays.copyOf(answers, answerOffsets[count])));
  }

  @ParameterizedTest
  @EnumSource
  void ranksLikeSortingEveryItem(TestedBackend tested) {
    EvaluationSet set = users(1100);
    SurrogateWeights weights = SurrogateWeights.initial(CONFIG, 8);
    try (Backend backend = tested.open();
        SurrogateEvaluator evaluator = new SurrogateEvaluator(backend, CONFIG, set)) {
      RankingMetrics actual = evaluator.evaluate(weights);
      RankingMetrics expected = naive(backend, set, weights);
      assertEquals(1100, actual.users());
      for (int cutoff : RankingMetrics.cutoffs()) {
        // One rank changed by rounding would move a mean by at most 1/1100.
        double bound = tested == TestedBackend.REFERENCE ? 1e-12 : 1e-3;
        assertEquals(expected.recallAt(cutoff), actual.recallAt(cutoff), bound);
        assertEquals(expected.ndcgAt(cutoff), actual.ndcgAt(cutoff), bound);
      }
      SasRecConfig other = new SasRecConfig(ITEMS, 4, 2, 2, 5, 0.5f);
      SurrogateWeights foreign = SurrogateWeights.initial(other, 8);
      assertThrows(IllegalArgumentException.class, () -> evaluator.evaluate(foreign));
    }
  }

  @ParameterizedTest
  @EnumSource
  void measuresNothingWithoutUsers(TestedBackend tested) {
    try (Backend backend = tested.open();
        SurrogateEvaluator evaluator = new SurrogateEvaluator(backend, CONFIG, users(0))) {
      RankingMetrics metrics = evaluator.evaluate(SurrogateWeights.initial(CONFIG, 8));
      assertEquals(0, metrics.users());
      assertEquals(0, metrics.ndcgAt(10));
    }
  }

  /** One user at a time, every score in Java. */
  private static RankingMetrics naive(Backend backend, EvaluationSet set, SurrogateWeights w) {
    RankingMetrics.Sum sum = new RankingMetrics.Sum();
    try (Workspace workspace =
        backend.workspace(Workspace.plan(backend, a -> OneUser.of(backend, a)))) {
      OneUser one = OneUser.of(backend, workspace);
      one.weights().load(backend, w.tensors());
      float[] table = w.tensors().get("item_embeddings.weight");
      for (int u = 0; u < set.count(); u++) {
        one.input().loadInputs(set.offsets(), set.items(), set.positions(), u, 1);
        one.model().forward(one.weights(), one.input());
        double[] hidden = one.model().hidden().doubles();
        int last = hidden.length - CONFIG.hidden();
        double[] score = new double[ITEMS + 1];
        for (int item = 1; item <= ITEMS; item++) {
          for (int d = 0; d < CONFIG.hidden(); d++) {
            score[item] += table[item * CONFIG.hidden() + d] * hidden[last + d];
          }
        }
        Set<Integer> masked =
            IntStream.range(set.mask().start(u), set.mask().start(u + 1))
                .map(k -> set.mask().items()[k])
                .boxed()
                .collect(Collectors.toSet());
        int[] ranked =
            IntStream.rangeClosed(1, ITEMS)
                .filter(item -> !masked.contains(item))
                .boxed()
                .sorted(Comparator.comparingDouble(item -> -score[item]))
                .mapToInt(Integer::intValue)
                .toArray();
        sum.add(ranked, 0, set.answers(), u);
      }
    }
    return sum.mean();
  }

  /** Tensors of a model for one user. */
  private record OneUser(SasRecParameters weights, SasRecInput input, SasRec model) {
    static OneUser of(Backend backend, Allocator a) {
      return new OneUser(
          new SasRecParameters(a, CONFIG),
          SasRecInput.forScoring(a, CONFIG, 1, 5),
          new SasRec(backend, CONFIG, a, 5));
    }
  }
}
