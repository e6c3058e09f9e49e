// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.WithoutGraphs;
import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.BackendsWithGraphs;
import dev.coppice.backend.Lanes;
import dev.coppice.backend.NativeBackend;
import dev.coppice.backend.Workspace;
import dev.coppice.data.PackedBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Replayed steps against steps operation by operation: the same bits, whatever the batch's size.
 */
class SasRecStepTest {
  private static final int SAMPLES = 24;
  private static final int MAX_LEN = 30;
  private static final int ITEMS = 25;
  private static final SasRecConfig CONFIG = new SasRecConfig(ITEMS, 8, 2, 2, MAX_LEN, 0.3f);
  private static final TrainingConfig TRAINING = new TrainingConfig(1, SAMPLES, 1e-2f, 9);

  private static final Map<String, Supplier<Backend>> BACKENDS = backends();

  /** All there are, the emulated device in several orders of threads whatever was asked for. */
  private static Map<String, Supplier<Backend>> backends() {
    Map<String, Supplier<Backend>> all = new LinkedHashMap<>(BackendsWithGraphs.all());
    if (all.keySet().stream().anyMatch(label -> label.startsWith("emulated"))) {
      for (int schedule = 2; schedule <= 4; schedule++) {
        int number = schedule;
        all.put(
            "emulated, schedule " + schedule,
            () -> new NativeBackend(NativeBackend.Device.EMULATED, number));
      }
    }
    return all;
  }

  static Set<String> labels() {
    return BACKENDS.keySet();
  }

  /** Samples of some lengths, with random items. */
  private static PackedBatch batch(int seed, int... lengths) {
    Random random = new Random(seed);
    int[] offsets = new int[lengths.length + 1];
    for (int s = 0; s < lengths.length; s++) {
      offsets[s + 1] = offsets[s] + lengths[s];
    }
    int t = offsets[lengths.length];
    int[] positions = new int[t];
    for (int s = 0; s < lengths.length; s++) {
      for (int i = offsets[s]; i < offsets[s + 1]; i++) {
        positions[i] = MAX_LEN - (offsets[s + 1] - i);
      }
    }
    double[] weights = new double[t];
    Arrays.fill(weights, 1.0 / t);
    int[][] items = new int[3][];
    for (int list = 0; list < 3; list++) {
      items[list] = random.ints(t, 1, ITEMS + 1).toArray();
    }
    int[] ids = new int[lengths.length];
    Arrays.setAll(ids, i -> i);
    return new PackedBatch(ids, offsets, items[0], items[1], items[2], positions, weights);
  }

  private static int[] lengths(int samples, int each) {
    int[] lengths = new int[samples];
    Arrays.fill(lengths, each);
    return lengths;
  }

  /** One position, one sample, more than a piece of a product, all there is room for, nothing. */
  private static List<List<PackedBatch>> epochs() {
    return List.of(
        List.of(batch(1, lengths(3, 7)), batch(2, 1), batch(3, 4, 2, 9), batch(4, lengths(3, 7))),
        List.of(
            batch(5, lengths(SAMPLES, 22)), // 528: past the first piece
            batch(6, 30),
            batch(7),
            batch(8, lengths(17, 30)),
            batch(9, lengths(SAMPLES, 1))),
        List.of(
            batch(10, lengths(SAMPLES, MAX_LEN)),
            batch(11, 3),
            batch(12, lengths(SAMPLES, MAX_LEN)),
            batch(13, lengths(21, 25))));
  }

  private record State(List<double[]> losses, Map<String, float[]> weights, int recordings) {}

  private static State train(Backend backend) {
    try (Lanes lanes = Lanes.of(backend)) {
      Function<Allocator, SasRecStep> layout =
          a -> new SasRecStep(backend, lanes, a, CONFIG, TRAINING, SAMPLES, SAMPLES * MAX_LEN, 5);
      try (Workspace work = backend.workspace(Workspace.plan(backend, layout::apply));
          SasRecStep steps = layout.apply(work)) {
        steps.start(SurrogateWeights.initial(CONFIG, 3));
        List<double[]> losses = new ArrayList<>();
        AtomicInteger beside = new AtomicInteger();
        int number = 0;
        for (List<PackedBatch> epoch : epochs()) {
          steps.makeRoom(epoch.stream().mapToInt(PackedBatch::positionCount).max().orElseThrow());
          for (int s = 0; s < epoch.size(); s++) {
            steps.run(steps.lists(epoch.get(s)), s, ++number, beside::incrementAndGet);
          }
          losses.add(Arrays.copyOf(steps.losses(), epoch.size()));
        }
        assertEquals(number, beside.get());
        Map<String, float[]> state = steps.weights().read();
        steps.firstMoment().read().forEach((name, values) -> state.put("m " + name, values));
        steps.secondMoment().read().forEach((name, values) -> state.put("v " + name, values));
        return new State(losses, state, steps.recordings());
      }
    }
  }

  private static void assertSame(State expected, State actual, String on) {
    for (int epoch = 0; epoch < expected.losses().size(); epoch++) {
      assertArrayEquals(expected.losses().get(epoch), actual.losses().get(epoch), on + epoch);
    }
    expected
        .weights()
        .forEach((name, values) -> assertArrayEquals(values, actual.weights().get(name), name));
  }

  @ParameterizedTest
  @MethodSource("labels")
  void aReplayHasTheBitsOfTheStepForEverySizeOfBatch(String label) {
    try (Backend backend = BACKENDS.get(label).get()) {
      State plain = train(WithoutGraphs.of(backend));
      State replayed = train(backend);
      assertEquals(0, plain.recordings());
      assertEquals(2, replayed.recordings(), "one for each larger room");
      assertSame(plain, replayed, label + ", epoch ");
      assertTrue(plain.losses().get(0)[0] > 1);
    }
  }

  @Test
  void theCpuHasItsLanesAndNoGraphs() {
    try (Backend backend = new NativeBackend(NativeBackend.Device.CPU, 2)) {
      assertTrue(backend.graphs().isEmpty());
      State state = train(backend);
      assertEquals(0, state.recordings());
      assertFalse(Double.isNaN(state.losses().get(2)[3]));
    }
  }
}
