// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import static dev.coppice.Closeness.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Lanes;
import dev.coppice.backend.NativeBackend;
import dev.coppice.backend.ReferenceBackend;
import dev.coppice.backend.Workspace;
import dev.coppice.data.PackedBatch;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A batch in parts against the whole batch in float64, masks and shared rows included. */
class SasRecBatchGradientTest {
  private static final SasRecConfig CONFIG = new SasRecConfig(40, 16, 2, 2, 12, 0.3f);
  private static final int SAMPLES = 220;
  private static final PackedBatch BATCH = batch();

  private record Result(double[] loss, double[] gradient) {}

  private record Tensors(
      SasRecParameters weights, SasRecParameters gradient, SasRecBatchGradient batch) {
    static Tensors of(Backend backend, Lanes lanes, Allocator a) {
      return new Tensors(
          new SasRecParameters(a, CONFIG),
          new SasRecParameters(a, CONFIG),
          new SasRecBatchGradient(backend, lanes, CONFIG, a, SAMPLES, BATCH.positionCount()));
    }
  }

  private static PackedBatch batch() {
    Random random = new Random(8);
    int[] offsets = new int[SAMPLES + 1];
    for (int s = 0; s < SAMPLES; s++) {
      offsets[s + 1] = offsets[s] + 1 + random.nextInt(12);
    }
    int t = offsets[SAMPLES];
    int[] positions = new int[t];
    for (int s = 0; s < SAMPLES; s++) {
      for (int i = offsets[s]; i < offsets[s + 1]; i++) {
        positions[i] = 12 - (offsets[s + 1] - i);
      }
    }
    double[] weights = new double[t];
    Arrays.fill(weights, 1.0 / t);
    int[][] items = new int[3][];
    for (int list = 0; list < 3; list++) {
      items[list] = random.ints(t, 1, 41).toArray();
    }
    int[] ids = new int[SAMPLES];
    Arrays.setAll(ids, i -> i);
    return new PackedBatch(ids, offsets, items[0], items[1], items[2], positions, weights);
  }

  /** Evaluates the batch again and again: nothing of a round may be left in the next. */
  private static Result run(Backend backend, DropoutSites dropout, int rounds) {
    try (Lanes lanes = Lanes.of(backend);
        Workspace workspace =
            backend.workspace(Workspace.plan(backend, a -> Tensors.of(backend, lanes, a)))) {
      Tensors t = Tensors.of(backend, lanes, workspace);
      t.weights().load(backend, SurrogateWeights.initial(CONFIG, 3).tensors());
      t.gradient().clear(backend);
      t.batch().clear();
      AtomicInteger beside = new AtomicInteger();
      for (int round = 0; round < rounds; round++) {
        SasRecLists lists = t.batch().lists(BATCH);
        t.batch().run(t.weights(), lists, dropout, t.gradient(), beside::incrementAndGet);
      }
      assertEquals(rounds, beside.get());
      return new Result(t.batch().positionLoss().doubles(), t.gradient().all().doubles());
    }
  }

  @ParameterizedTest
  @ValueSource(floats = {0f, 0.3f})
  void partsAddUpToTheBatchForAnyNumberOfThreads(float rate) {
    DropoutSites dropout = rate == 0 ? DropoutSites.NONE : new DropoutSites(rate, 11, 3);
    Result one;
    try (Backend cpu = new NativeBackend(NativeBackend.Device.CPU, 1);
        Backend reference = new ReferenceBackend()) {
      assertTrue(cpu.parts(BATCH.positionCount()) > 1, "the batch is cut");
      one = run(cpu, dropout, 2);
      Result expected = run(reference, dropout, 1);
      assertClose("loss", expected.loss(), one.loss(), 1e-5);
      assertClose("gradient", expected.gradient(), one.gradient(), 1e-5);
    }
    for (int threads = 2; threads <= 5; threads++) {
      try (Backend cpu = new NativeBackend(NativeBackend.Device.CPU, threads)) {
        Result many = run(cpu, dropout, 2);
        assertArrayEquals(one.loss(), many.loss(), threads + " threads");
        assertArrayEquals(one.gradient(), many.gradient(), threads + " threads");
      }
    }
  }

  @Test
  void cutsIntoPartsOfAboutEqualPositions() {
    assertArrayEquals(
        new int[] {0, 2, 4}, SasRecLists.cut(new int[] {0, 5, 10, 15, 20}, 2), "two halves");
    assertArrayEquals(new int[] {0, 1, 2}, SasRecLists.cut(new int[] {0, 50, 51}, 4), "no empty");
    assertArrayEquals(new int[] {0, 1}, SasRecLists.cut(new int[] {0, 9}, 4), "one sample");
    int[] cut = SasRecLists.cut(BATCH.offsets(), 8);
    assertEquals(9, cut.length);
    for (int part = 0; part < 8; part++) {
      int positions = BATCH.offsets()[cut[part + 1]] - BATCH.offsets()[cut[part]];
      assertTrue(Math.abs(positions - BATCH.positionCount() / 8.0) <= 12, "part " + part);
    }
  }
}
