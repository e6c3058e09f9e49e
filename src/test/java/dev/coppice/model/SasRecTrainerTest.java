// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import static dev.coppice.Closeness.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.SurrogateFixture;
import dev.coppice.TestedBackend;
import dev.coppice.backend.Backend;
import dev.coppice.backend.NativeBackend;
import dev.coppice.data.Dataset;
import dev.coppice.data.Prompt;
import dev.coppice.data.Sequences;
import dev.coppice.data.SurrogateSamples;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SasRecTrainerTest {
  private static final int ITEMS = 12;
  private static final SasRecConfig SMALL = new SasRecConfig(ITEMS, 8, 2, 2, 6, 0.2f);

  /** Users who walk round the items in steps of 1, from different places; user 4 has one item. */
  private static SurrogateSamples walks(int users) {
    int[] offsets = new int[users + 1];
    int[] items = new int[users * 8];
    for (int u = 0; u < users; u++) {
      int length = u == 4 ? 1 : 3 + u % 6;
      for (int k = 0; k < length; k++) {
        items[offsets[u] + k] = 1 + (3 * u + k) % ITEMS;
      }
      offsets[u + 1] = offsets[u] + length;
    }
    Sequences none = new Sequences(new int[users + 1], new int[0]);
    String[] titles = new String[ITEMS + 1];
    Arrays.fill(titles, 1, titles.length, "title");
    Dataset dataset =
        new Dataset(
            IntStream.range(0, users).mapToObj(Integer::toString).toList(),
            new Sequences(offsets, Arrays.copyOf(items, offsets[users])),
            none,
            none,
            titles,
            Prompt.GENERIC,
            Optional.empty());
    return new SurrogateSamples(dataset, SMALL.maxLen(), 0, 5);
  }

  private static TrainingConfig training(int batch) {
    return new TrainingConfig(10, batch, 1e-2f, 5);
  }

  @ParameterizedTest
  @EnumSource
  void takesTheStepsOfAdamInPyTorch(TestedBackend tested) {
    SurrogateFixture fixture = SurrogateFixture.own();
    SasRecConfig shape = fixture.config();
    SasRecConfig config =
        new SasRecConfig(
            shape.items(), shape.hidden(), shape.layers(), shape.heads(), shape.maxLen(), 0f);
    Map<String, float[]> zeros = new LinkedHashMap<>();
    Map<String, float[]> start = fixture.weights().tensors();
    start.forEach((name, values) -> zeros.put(name, new float[values.length]));
    try (Backend backend = tested.open();
        SasRecTrainer trainer =
            new SasRecTrainer(
                backend, fixture.samples(), config, new TrainingConfig(3, 500, 1e-3f, 1))) {
      trainer.restore(new TrainerState(start, zeros, zeros, 0));
      double loss = trainer.trainEpoch(0);
      assertClose(
          "loss", fixture.doubles("output/batch_loss"), new double[] {loss}, tested.tolerance());
      trainer.trainEpoch(1);
      trainer.trainEpoch(2);
      SurrogateWeights end = trainer.weights();
      for (String name : shape.shapes().keySet()) {
        if (!name.endsWith(
            "key.bias")) { // gradient 0 but for rounding, which Adam divides by itself
          checkMove(fixture, name, start.get(name), end.tensors().get(name));
        }
      }
    }
  }

  /** The change of a tensor; the bound is float32's, as the weights are read in float32. */
  private static void checkMove(SurrogateFixture fixture, String name, float[] start, float[] end) {
    double[] expected = fixture.doubles("train/" + name);
    double[] actual = new double[expected.length];
    for (int i = 0; i < actual.length; i++) {
      expected[i] -= start[i];
      actual[i] = (double) end[i] - start[i];
    }
    assertClose("change of " + name, expected, actual, 2e-4);
  }

  @ParameterizedTest
  @EnumSource(names = {"REFERENCE", "CPU"})
  void learnsWhatFollowsWhat(TestedBackend tested) {
    try (Backend backend = tested.open();
        SasRecTrainer trainer = new SasRecTrainer(backend, walks(40), SMALL, training(16))) {
      double first = trainer.trainEpoch(0);
      double last = first;
      for (int epoch = 1; epoch < 10; epoch++) {
        last = trainer.trainEpoch(epoch);
      }
      assertTrue(first > 1.3 && first < 1.5, "untrained loss is near 2 ln 2, but is " + first);
      assertTrue(last < 0.75 * first, "loss fell from " + first + " to " + last);
      float[] items = trainer.weights().tensors().get("item_embeddings.weight");
      assertArrayEquals(new float[8], Arrays.copyOf(items, 8), "padding row");
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"REFERENCE", "CPU"})
  void goesOnFromAStateBitForBit(TestedBackend tested) {
    try (Backend backend = tested.open()) {
      TrainerState saved;
      SurrogateWeights expected;
      double expectedLoss;
      try (SasRecTrainer trainer = new SasRecTrainer(backend, walks(40), SMALL, training(16))) {
        trainer.trainEpoch(0);
        saved = trainer.state();
        expectedLoss = trainer.trainEpoch(1);
        expected = trainer.weights();
      }
      assertEquals(3, saved.step()); // 39 scorable samples: the last batch holds 7
      try (SasRecTrainer trainer = new SasRecTrainer(backend, walks(40), SMALL, training(16))) {
        trainer.restore(saved);
        assertEquals(expectedLoss, trainer.trainEpoch(1));
        assertSame(expected, trainer.weights());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"REFERENCE", "CPU"})
  void theSeedDecides(TestedBackend tested) {
    try (Backend backend = tested.open()) {
      SurrogateWeights first = trained(backend, 5);
      assertSame(first, trained(backend, 5));
      String name = SMALL.lastDense();
      assertFalse(
          Arrays.equals(first.tensors().get(name), trained(backend, 6).tensors().get(name)));
    }
  }

  /** From the same state, without dropout and with the same negatives, only the order is left. */
  @ParameterizedTest
  @EnumSource(names = {"REFERENCE", "CPU"})
  void theSeedDecidesTheOrder(TestedBackend tested) {
    SasRecConfig config = new SasRecConfig(ITEMS, 8, 2, 2, 6, 0f);
    SurrogateWeights[] ends = new SurrogateWeights[3];
    try (Backend backend = tested.open()) {
      TrainerState start = null;
      for (int run = 0; run < ends.length; run++) {
        TrainingConfig training = new TrainingConfig(1, 16, 1e-3f, run == 2 ? 6 : 5);
        try (SasRecTrainer trainer = new SasRecTrainer(backend, walks(40), config, training)) {
          start = start == null ? trainer.state() : start;
          trainer.restore(start);
          trainer.trainEpoch(0);
          ends[run] = trainer.weights();
        }
      }
    }
    assertSame(ends[0], ends[1]);
    String name = config.lastDense();
    assertFalse(Arrays.equals(ends[0].tensors().get(name), ends[2].tensors().get(name)));
  }

  private static SurrogateWeights trained(Backend backend, long seed) {
    TrainingConfig training = new TrainingConfig(1, 16, 1e-3f, seed);
    try (SasRecTrainer trainer = new SasRecTrainer(backend, walks(40), SMALL, training)) {
      trainer.trainEpoch(0);
      return trainer.weights();
    }
  }

  @Test
  void threadsChangeNoBit() {
    SasRecConfig config = new SasRecConfig(ITEMS, 32, 2, 2, 6, 0.2f);
    SurrogateWeights[] ends = new SurrogateWeights[3];
    for (int run = 0; run < ends.length; run++) {
      try (Backend backend = new NativeBackend(NativeBackend.Device.CPU, run + 1);
          SasRecTrainer trainer = new SasRecTrainer(backend, walks(1500), config, training(500))) {
        trainer.trainEpoch(0);
        ends[run] = trainer.weights();
      }
    }
    assertSame(ends[0], ends[1]);
    assertSame(ends[0], ends[2]);
  }

  private static void assertSame(SurrogateWeights expected, SurrogateWeights actual) {
    expected
        .tensors()
        .forEach((name, values) -> assertArrayEquals(values, actual.tensors().get(name), name));
  }

  @ParameterizedTest
  @EnumSource(names = {"REFERENCE", "CPU"})
  void refusesForeignStatesAndDivergence(TestedBackend tested) {
    try (Backend backend = tested.open();
        SasRecTrainer trainer = new SasRecTrainer(backend, walks(40), SMALL, training(16))) {
      TrainerState state = trainer.state();
      Map<String, float[]> foreign = new HashMap<>(state.firstMoment());
      foreign.put("LayerNorm.bias", new float[9]);
      SurrogateWeights before = trainer.weights();
      Map<String, float[]> other = SurrogateWeights.initial(SMALL, 99).tensors();
      assertThrows(
          IllegalArgumentException.class,
          () -> trainer.restore(new TrainerState(other, foreign, state.secondMoment(), 0)));
      assertSame(before, trainer.weights());
      Map<String, float[]> huge = new HashMap<>(state.parameters());
      float[] values = huge.get("item_embeddings.weight").clone();
      Arrays.fill(values, 8, values.length, 3e38f);
      huge.put("item_embeddings.weight", values);
      float[] gamma = huge.get("item_encoder.layer.1.intermediate.LayerNorm.weight").clone();
      Arrays.fill(gamma, 3e38f);
      huge.put("item_encoder.layer.1.intermediate.LayerNorm.weight", gamma);
      if (tested != TestedBackend.REFERENCE) { // float64 does not overflow here
        trainer.restore(new TrainerState(huge, state.firstMoment(), state.secondMoment(), 0));
        ArithmeticException failure =
            assertThrows(ArithmeticException.class, () -> trainer.trainEpoch(0));
        assertTrue(failure.getMessage().contains("diverged"), failure.getMessage());
      }
    }
  }
}
