// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import static dev.coppice.Closeness.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.coppice.TestedBackend;
import dev.coppice.backend.Backend;
import dev.coppice.data.Dataset;
import dev.coppice.data.PackedBatch;
import dev.coppice.data.SmallDataset;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.data.Weighting;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Training without some of the samples. */
class RetrainingTest {
  private static final int ITEMS = 12;
  private static final int USERS = 40;
  private static final long SEED = 5;

  private static SasRecConfig config(float dropout) {
    return new SasRecConfig(ITEMS, 8, 2, 2, 6, dropout);
  }

  /** Sequences of 2 to 7 items with fixed negatives; those of users given start elsewhere. */
  private static Dataset dataset(int... changed) {
    BitSet other = bits(changed);
    int[][] rows = new int[USERS][];
    int[][] negatives = new int[USERS][];
    for (int u = 0; u < USERS; u++) {
      int first = 3 * u + (other.get(u) ? 5 : 0);
      rows[u] = IntStream.range(0, 2 + u % 6).map(k -> 1 + (first + k) % ITEMS).toArray();
      negatives[u] = IntStream.range(0, 1 + u % 6).map(k -> 1 + (first + k + 7) % ITEMS).toArray();
    }
    return SmallDataset.of(
        ITEMS,
        SmallDataset.rows(rows),
        SmallDataset.rows(new int[USERS][0]),
        SmallDataset.rows(new int[USERS][0]),
        SmallDataset.rows(negatives));
  }

  private static BitSet bits(int... samples) {
    BitSet bits = new BitSet();
    Arrays.stream(samples).forEach(bits::set);
    return bits;
  }

  private static SurrogateWeights train(
      Backend backend, Dataset dataset, float dropout, int batch, int... removed) {
    SurrogateSamples samples = new SurrogateSamples(dataset, 6, 0, SEED);
    TrainingConfig training = new TrainingConfig(3, batch, 1e-2f, SEED);
    try (SasRecTrainer trainer = new SasRecTrainer(backend, samples, config(dropout), training)) {
      for (int epoch = 0; epoch < 3; epoch++) {
        trainer.trainEpoch(epoch, bits(removed));
      }
      return trainer.weights();
    }
  }

  @ParameterizedTest
  @EnumSource
  void nothingOfARemovedSampleReachesTheWeights(TestedBackend tested) {
    int[] removed = {0, 3, 4, 17, 22, 39};
    try (Backend backend = tested.open()) {
      SurrogateWeights one = train(backend, dataset(), 0.3f, 16, removed);
      SurrogateWeights other = train(backend, dataset(removed), 0.3f, 16, removed);
      one.tensors()
          .forEach((name, values) -> assertArrayEquals(values, other.tensors().get(name), name));
      SurrogateWeights all = train(backend, dataset(), 0.3f, 16);
      String name = config(0).lastDense();
      assertFalse(Arrays.equals(one.tensors().get(name), all.tensors().get(name)));
    }
  }

  /** In one batch and without dropout, what is left is all that there is. */
  @ParameterizedTest
  @EnumSource
  void isTrainingOnTheOthers(TestedBackend tested) {
    int[] removed = IntStream.range(0, USERS).filter(u -> u % 3 != 1).toArray();
    int[] left = IntStream.range(0, USERS).filter(u -> u % 3 == 1).toArray();
    try (Backend backend = tested.open()) {
      SurrogateWeights actual = train(backend, dataset(), 0f, USERS, removed);
      SurrogateWeights expected = train(backend, dataset().rows(left), 0f, USERS);
      SurrogateWeights start = SurrogateWeights.initial(config(0f), SEED);
      for (String name : expected.tensors().keySet()) {
        if (!name.endsWith(
            "key.bias")) { // gradient 0 but for rounding, which Adam divides by itself
          double[] moved = move(start, expected, name);
          assertClose(name, moved, move(start, actual, name), 2e-4);
        }
      }
    }
  }

  private static double[] move(SurrogateWeights start, SurrogateWeights end, String name) {
    float[] from = start.tensors().get(name);
    float[] to = end.tensors().get(name);
    return IntStream.range(0, to.length).mapToDouble(i -> (double) to[i] - from[i]).toArray();
  }

  @ParameterizedTest
  @EnumSource
  void aBatchWithoutSamplesCoastsAndCountsForNoLoss(TestedBackend tested) {
    SurrogateSamples samples = new SurrogateSamples(dataset(), 6, 0, SEED);
    int[] allButOne = IntStream.range(1, USERS).toArray(); // batches of 4: nine of ten are empty
    PackedBatch only = samples.batch(new int[] {0}, 0, Weighting.SAMPLE_MEAN);
    try (Backend backend = tested.open();
        SurrogateLoss untrained = new SurrogateLoss(backend, config(0f), List.of(only));
        SasRecTrainer trainer =
            new SasRecTrainer(
                backend, samples, config(0f), new TrainingConfig(1, 4, 1e-2f, SEED))) {
      double expected = untrained.mean(trainer.weights());
      double loss = trainer.trainEpoch(0, bits(allButOne));
      assertEquals(expected, loss, 1e-6, "no step before it has a gradient");
      assertEquals(10, trainer.state().step());
      assertThrows(
          IllegalArgumentException.class,
          () -> trainer.trainEpoch(1, bits(IntStream.range(0, USERS).toArray())));
    }
  }
}
