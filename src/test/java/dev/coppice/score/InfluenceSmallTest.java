// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import static dev.coppice.Closeness.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.SharedData;
import dev.coppice.TestedBackend;
import dev.coppice.backend.Backend;
import dev.coppice.data.Scores;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.io.DataFolder;
import dev.coppice.io.SafeTensors;
import dev.coppice.io.ScoreCsv;
import dev.coppice.model.SasRecConfig;
import dev.coppice.model.SurrogateWeights;
import dev.coppice.score.InfluenceConfig.Solver;
import dev.coppice.solve.IhvpSolution;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A small data folder and its scores by an exact dense solve in PyTorch, float64. */
class InfluenceSmallTest {
  private static final double DAMPING = 0.25;

  private record Case(SurrogateSamples samples, SurrogateWeights weights, Scores expected) {
    static Case read() {
      Optional<Path> shared = SharedData.root();
      Assumptions.assumeTrue(shared.isPresent(), "no shared data");
      Path folder = shared.get().resolve("golden/influence-small");
      SafeTensors file = SafeTensors.open(folder.resolve("surrogate.safetensors"));
      int heads = Integer.parseInt(file.metadata().get("num_attention_heads"));
      int maxLen = Integer.parseInt(file.metadata().get("max_seq_length"));
      SasRecConfig config = new SasRecConfig(900, 16, 2, heads, maxLen, 0.5f);
      Map<String, float[]> tensors = new LinkedHashMap<>();
      for (String name : config.shapes().keySet()) {
        tensors.put(name, file.floats(name));
      }
      return new Case(
          new SurrogateSamples(DataFolder.read(folder.resolve("data")), maxLen, 0, 42),
          new SurrogateWeights(config, tensors),
          ScoreCsv.read(folder.resolve("expected.csv")));
    }

    IhvpSolution score(Backend backend, InfluenceConfig config, double[][] columns) {
      try (InfluenceScorer scorer = new InfluenceScorer(backend, weights, samples, config)) {
        IhvpSolution solution = scorer.solve();
        InfluenceBatch batch = scorer.score(samples.scorable());
        columns[0] = batch.influence();
        columns[1] = batch.loss();
        columns[2] = batch.gradNorm();
        return solution;
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"REFERENCE", "CPU"})
  void allSolversAgreeWithTheExactOne(TestedBackend tested) {
    Case small = Case.read();
    assertArrayEquals(small.expected().samples(), small.samples().scorable());
    InfluenceConfig config = InfluenceConfig.DEFAULT.with(Damping.absolute(DAMPING));
    double[][] direct = new double[3][];
    double[][] cg = new double[3][];
    double[][] lissa = new double[3][];
    try (Backend backend = tested.open()) {
      IhvpSolution exact = small.score(backend, config.with(Solver.DIRECT), direct);
      assertTrue(exact.residual() < 1e-6, "residual " + exact.residual());
      String[] names = {"influence", "loss", "grad_norm"};
      for (int c = 0; c < names.length; c++) {
        assertClose(names[c], small.expected().column(names[c]), direct[c], tested.tolerance());
      }
      IhvpSolution iterated = small.score(backend, config.with(Solver.CG), cg);
      assertTrue(iterated.converged() && !iterated.indefinite());
      assertClose("cg against direct", direct[0], cg[0], 1e-5);
      if (tested != TestedBackend.REFERENCE) { // 20,000 steps would take long there
        small.score(backend, lissa(config), lissa);
        double spearman = spearman(direct[0], lissa[0]);
        assertTrue(spearman >= 0.999, "Spearman's correlation of lissa is " + spearman);
        assertArrayEquals(direct[1], lissa[1], "losses do not depend on the solver");
      }
    }
  }

  private static InfluenceConfig lissa(InfluenceConfig c) {
    return new InfluenceConfig(
        Solver.LISSA,
        Damping.absolute(DAMPING),
        c.tolerance(),
        c.curvature(),
        c.params(),
        null,
        20000,
        1,
        42,
        c.macroBatchPositions(),
        c.cacheBytes());
  }

  private static double spearman(double[] x, double[] y) {
    double[] rankX = ranks(x);
    double[] rankY = ranks(y);
    double mean = (x.length - 1) / 2.0;
    double covariance = 0;
    double variance = 0;
    for (int i = 0; i < x.length; i++) {
      covariance += (rankX[i] - mean) * (rankY[i] - mean);
      variance += (rankX[i] - mean) * (rankX[i] - mean);
    }
    return covariance / variance;
  }

  private static double[] ranks(double[] values) {
    int[] order =
        IntStream.range(0, values.length)
            .boxed()
            .sorted((a, b) -> Double.compare(values[a], values[b]))
            .mapToInt(Integer::intValue)
            .toArray();
    double[] ranks = new double[values.length];
    for (int rank = 0; rank < order.length; rank++) {
      ranks[order[rank]] = rank;
    }
    assertTrue(Arrays.stream(values).allMatch(Double::isFinite));
    return ranks;
  }
}
