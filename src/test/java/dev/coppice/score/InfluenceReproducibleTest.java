// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.backend.Backend;
import dev.coppice.backend.NativeBackend;
import dev.coppice.data.Dataset;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.io.DataFolder;
import dev.coppice.model.Curvature;
import dev.coppice.model.SasRecConfig;
import dev.coppice.model.SurrogateWeights;
import dev.coppice.pipeline.demo.SmallRun;
import dev.coppice.score.InfluenceConfig.Solver;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Influence scores, to the last bit, however the work is cut and whoever does it. */
class InfluenceReproducibleTest {
  private static final int USERS = 1500; // several blocks of positions
  private static final int TRIALS = 6;
  private static SurrogateSamples samples;
  private static SurrogateWeights weights;

  @TempDir static Path folder;

  @BeforeAll
  static void makeData() throws IOException {
    SmallRun.data(folder, USERS);
    Dataset dataset = DataFolder.read(folder);
    samples = new SurrogateSamples(dataset, 20, 0, 9);
    weights = SurrogateWeights.initial(new SasRecConfig(dataset.items(), 16, 2, 2, 20, 0f), 8);
  }

  /** A coarse solution where all parameters move: it has many products, and its bits count. */
  private static InfluenceConfig config(
      Solver solver, ParameterSet params, int macroBatch, long cacheBytes) {
    boolean dense = params == ParameterSet.LAST_DENSE;
    return new InfluenceConfig(
        solver,
        Damping.absolute(dense ? 0.05 : 1),
        dense ? 1e-6 : 1e-2,
        dense ? Curvature.HESSIAN : Curvature.GAUSS_NEWTON,
        params,
        null,
        200,
        3,
        42,
        macroBatch,
        cacheBytes);
  }

  /** The whole set at once, in one thread. */
  private static InfluenceBatch whole(InfluenceConfig config) {
    try (Backend backend = new NativeBackend(NativeBackend.Device.CPU, 1);
        InfluenceScorer scorer = new InfluenceScorer(backend, weights, samples, config)) {
      scorer.solve();
      return scorer.score(samples.scorable());
    }
  }

  private static void assertNoTrialDiffers(Solver solver, ParameterSet params) {
    int[] ids = samples.scorable();
    InfluenceBatch expected = whole(config(solver, params, 4096, 1L << 30));
    assertTrue(Arrays.stream(expected.influence()).anyMatch(score -> score != 0));
    for (int trial = 0; trial < TRIALS; trial++) {
      Random random = new Random(100 * trial + solver.ordinal());
      int threads = 1 << trial % 3;
      int macroBatch = 1 + random.nextInt(6000);
      long cacheBytes = trial % 2 == 0 ? 1L << 30 : 0;
      String cut = "trial %d: %d threads, %d positions".formatted(trial, threads, macroBatch);
      InfluenceConfig config = config(solver, params, macroBatch, cacheBytes);
      try (Backend backend = new NativeBackend(NativeBackend.Device.CPU, threads);
          InfluenceScorer scorer = new InfluenceScorer(backend, weights, samples, config)) {
        scorer.solve();
        int[] order = shuffled(ids.length, random);
        for (int from = 0; from < order.length; ) {
          int to = Math.min(order.length, from + 1 + random.nextInt(order.length / 3));
          assertShard(expected, scorer, ids, Arrays.copyOfRange(order, from, to), cut);
          from = to;
        }
      }
    }
  }

  private static void assertShard(
      InfluenceBatch expected, InfluenceScorer scorer, int[] ids, int[] shard, String cut) {
    InfluenceBatch scored = scorer.score(Arrays.stream(shard).map(at -> ids[at]).toArray());
    for (int i = 0; i < shard.length; i++) {
      assertEquals(expected.influence()[shard[i]], scored.influence()[i], cut);
      assertEquals(expected.loss()[shard[i]], scored.loss()[i], cut);
      assertEquals(expected.gradNorm()[shard[i]], scored.gradNorm()[i], cut);
    }
  }

  private static int[] shuffled(int count, Random random) {
    int[] order = new int[count];
    for (int i = 0; i < count; i++) {
      int at = random.nextInt(i + 1);
      order[i] = order[at];
      order[at] = i;
    }
    int[] ascending = order.clone();
    Arrays.sort(ascending);
    int[] all = new int[count];
    Arrays.setAll(all, i -> i);
    assertArrayEquals(all, ascending);
    return order;
  }

  @ParameterizedTest
  @EnumSource
  void noBitDependsOnThreadsMacroBatchOrderOrShards(Solver solver) {
    boolean factored = solver == Solver.EKFAC; // which last-dense is too small for
    assertNoTrialDiffers(solver, factored ? ParameterSet.ALL : ParameterSet.LAST_DENSE);
  }

  @ParameterizedTest
  @EnumSource
  void norInOtherParameters(ParameterSet params) {
    assertNoTrialDiffers(Solver.CG, params);
  }
}
