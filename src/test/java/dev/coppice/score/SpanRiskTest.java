// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import static dev.coppice.Closeness.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.SurrogateFixture;
import dev.coppice.TestedBackend;
import dev.coppice.backend.Backend;
import dev.coppice.backend.NativeBackend;
import dev.coppice.backend.ReferenceBackend;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.model.Curvature;
import dev.coppice.model.ParameterSpan;
import dev.coppice.model.SasRecConfig;
import dev.coppice.score.RiskDerivatives.GradientScores;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Influence's derivatives in the last block and in all parameters. */
class SpanRiskTest {
  private static final SurrogateFixture FIXTURE = SurrogateFixture.own();
  private static final SasRecConfig CONFIG = FIXTURE.config();
  private static final long CACHE = 1L << 30;

  private static InfluenceConfig config(int positions, long cacheBytes) {
    return new InfluenceConfig(
        InfluenceConfig.Solver.CG,
        Damping.absolute(0.25),
        1e-6,
        Curvature.HESSIAN,
        ParameterSet.ALL,
        null,
        100,
        3,
        42,
        positions,
        cacheBytes);
  }

  private static ParameterSpan span(ParameterSet set) {
    return set == ParameterSet.ALL ? ParameterSpan.all(CONFIG) : ParameterSpan.lastBlock(CONFIG);
  }

  private static SpanRisk risk(Backend backend, ParameterSet set, int positions, long cacheBytes) {
    return new SpanRisk(
        backend, span(set), FIXTURE.weights(), FIXTURE.samples(), config(positions, cacheBytes));
  }

  private static double[] random(int size, long seed) {
    return new Random(seed).doubles(size, -1, 1).toArray();
  }

  private static double dot(double[] x, double[] y) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += x[i] * y[i];
    }
    return sum;
  }

  /** A larger set's products and gradient, restricted to the last dense weight. */
  @ParameterizedTest
  @EnumSource(
      value = ParameterSet.class,
      names = {"LAST_BLOCK", "ALL"})
  void restrictedToTheLastDenseWeightItIsThePublishedSet(ParameterSet set) {
    try (Backend backend = new ReferenceBackend();
        RiskDerivatives dense =
            new LastDenseRisk(backend, FIXTURE.weights(), FIXTURE.samples(), config(20, CACHE));
        RiskDerivatives risk = risk(backend, set, 20, CACHE)) {
      int from = span(set).places().get(CONFIG.lastDense());
      int to = from + dense.size();
      double[] v = random(dense.size(), 1);
      double[] wide = new double[risk.size()];
      System.arraycopy(v, 0, wide, from, v.length);
      for (Curvature curvature : Curvature.values()) {
        double[] product = risk.mean(curvature).product(wide);
        assertClose(
            curvature.name(),
            dense.mean(curvature).product(v),
            Arrays.copyOfRange(product, from, to),
            1e-12);
      }
      double[] gradient = risk.meanGradient();
      assertClose("gradient", dense.meanGradient(), Arrays.copyOfRange(gradient, from, to), 1e-12);
      int[] ids = FIXTURE.samples().scorable();
      dense.aim(v);
      risk.aim(wide);
      GradientScores expected = dense.score(ids);
      GradientScores actual = risk.score(ids);
      assertClose("dots", expected.dots()[0], actual.dots()[0], 1e-12);
      assertClose("loss", expected.loss(), actual.loss(), 1e-13);
      for (int s = 0; s < ids.length; s++) {
        assertTrue(actual.gradNorm()[s] > expected.gradNorm()[s], "more parameters, larger norm");
      }
    }
  }

  @Test
  void theLastBlockIsARestrictionOfAll() {
    try (Backend backend = new ReferenceBackend();
        RiskDerivatives block = risk(backend, ParameterSet.LAST_BLOCK, 20, CACHE);
        RiskDerivatives all = risk(backend, ParameterSet.ALL, 20, CACHE)) {
      int from = all.size() - block.size();
      double[] v = random(block.size(), 2);
      double[] wide = new double[all.size()];
      System.arraycopy(v, 0, wide, from, v.length);
      for (Curvature curvature : Curvature.values()) {
        double[] product = all.mean(curvature).product(wide);
        assertClose(
            curvature.name(),
            block.mean(curvature).product(v),
            Arrays.copyOfRange(product, from, all.size()),
            1e-12);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = ParameterSet.class,
      names = {"LAST_BLOCK", "ALL"})
  void theMeanOfTheSamplesIsTheWhole(ParameterSet set) {
    try (Backend backend = new ReferenceBackend();
        RiskDerivatives risk = risk(backend, set, 20, CACHE)) {
      int n = FIXTURE.samples().scorable().length;
      double[] v = random(risk.size(), 3);
      int[] everyone = IntStream.range(0, n).toArray();
      for (Curvature curvature : Curvature.values()) {
        assertClose(
            "H v",
            risk.mean(curvature).product(v),
            risk.ofSamples(curvature).product(everyone, v),
            1e-12);
      }
      double[] once = risk.ofSamples(Curvature.HESSIAN).product(new int[] {3}, v);
      double[] twice = risk.ofSamples(Curvature.HESSIAN).product(new int[] {3, 3}, v);
      assertClose("a sample drawn twice", once, twice, 1e-13);
      risk.aim(v);
      double mean = Arrays.stream(risk.score(FIXTURE.samples().scorable()).dots()[0]).sum() / n;
      assertEquals(dot(risk.meanGradient(), v), mean, 1e-13);
    }
  }

  @ParameterizedTest
  @EnumSource
  void theDenseMatrixGivesTheSameProducts(Curvature curvature) {
    try (Backend backend = new ReferenceBackend();
        RiskDerivatives risk = risk(backend, ParameterSet.LAST_BLOCK, 4096, CACHE)) {
      int n = risk.size();
      double[] v = random(n, 4);
      double[] dense = risk.dense(curvature);
      double[] expected = new double[n];
      for (int i = 0; i < n; i++) {
        expected[i] = dot(Arrays.copyOfRange(dense, i * n, (i + 1) * n), v);
        dense[i * n + i] += 1e-9;
      }
      assertClose("H v", expected, risk.mean(curvature).product(v), 1e-12);
      boolean definite = backend.symmetricSolve(n, dense, new double[n]);
      assertEquals(curvature == Curvature.GAUSS_NEWTON, definite);
    }
  }

  @ParameterizedTest
  @CsvSource({"REFERENCE,ALL", "CPU,ALL", "REFERENCE,LAST_BLOCK", "CPU,LAST_BLOCK"})
  void aScoreDependsOnNothingElse(TestedBackend tested, ParameterSet set) {
    SurrogateSamples samples = FIXTURE.samples();
    int[] ids = samples.scorable();
    double[] v = random(span(set).size(), 5);
    double[] w = random(span(set).size(), 6);
    try (Backend backend = tested.open();
        RiskDerivatives narrow = risk(backend, set, 6, 0);
        RiskDerivatives wide = risk(backend, set, 8192, CACHE)) {
      narrow.aim(v, w);
      wide.aim(v, w);
      GradientScores one = narrow.score(ids);
      GradientScores all = wide.score(ids);
      assertArrayEquals(one.dots()[0], all.dots()[0]);
      assertArrayEquals(one.dots()[1], all.dots()[1]);
      assertArrayEquals(one.loss(), all.loss());
      assertArrayEquals(one.gradNorm(), all.gradNorm());
      int[] backwards = new int[ids.length];
      Arrays.setAll(backwards, i -> ids[ids.length - 1 - i]);
      GradientScores turned = wide.score(backwards);
      for (int i = 0; i < ids.length; i++) {
        assertEquals(all.dots()[0][i], turned.dots()[0][ids.length - 1 - i]);
        assertEquals(all.loss()[i], turned.loss()[ids.length - 1 - i]);
        assertEquals(all.gradNorm()[i], turned.gradNorm()[ids.length - 1 - i]);
      }
      assertEquals(0, wide.score(new int[0]).loss().length);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = ParameterSet.class,
      names = {"LAST_BLOCK", "ALL"})
  void threadsAndCacheChangeNoBit(ParameterSet set) {
    int[] ids = FIXTURE.samples().scorable();
    double[] v = random(span(set).size(), 7);
    double[][] seen = null;
    for (int threads : new int[] {1, 2, 4}) {
      try (Backend backend = new NativeBackend(NativeBackend.Device.CPU, threads);
          RiskDerivatives risk = risk(backend, set, 20, threads == 1 ? 0 : CACHE)) {
        risk.aim(v);
        double[][] now = {
          risk.meanGradient(),
          risk.mean(Curvature.HESSIAN).product(v),
          risk.mean(Curvature.GAUSS_NEWTON).product(v),
          risk.mean(Curvature.HESSIAN).product(v),
          risk.score(ids).dots()[0],
          risk.score(ids).gradNorm()
        };
        assertArrayEquals(now[1], now[3], "the same product again");
        seen = seen == null ? now : seen;
        for (int i = 0; i < now.length; i++) {
          assertArrayEquals(seen[i], now[i], threads + " threads, result " + i);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = ParameterSet.class,
      names = {"LAST_BLOCK", "ALL"})
  void backendsAgree(ParameterSet set) {
    int[] ids = FIXTURE.samples().scorable();
    double[] v = random(span(set).size(), 8);
    try (Backend reference = new ReferenceBackend();
        Backend cpu = TestedBackend.CPU.open();
        RiskDerivatives exact = risk(reference, set, 20, CACHE);
        RiskDerivatives risk = risk(cpu, set, 20, CACHE)) {
      assertClose("gradient", exact.meanGradient(), risk.meanGradient(), 1e-5);
      for (Curvature curvature : Curvature.values()) {
        double[] expected = exact.mean(curvature).product(v);
        assertClose(curvature.name(), expected, risk.mean(curvature).product(v), 1e-5);
      }
      exact.aim(v);
      risk.aim(v);
      assertClose("dots", exact.score(ids).dots()[0], risk.score(ids).dots()[0], 1e-5);
      assertClose("norms", exact.score(ids).gradNorm(), risk.score(ids).gradNorm(), 1e-5);
    }
  }

  @Test
  void refusesToScoreBeforeADirection() {
    try (Backend backend = new ReferenceBackend()) {
      try (RiskDerivatives risk = risk(backend, ParameterSet.ALL, 20, CACHE)) {
        assertThrows(IllegalStateException.class, () -> risk.score(new int[] {0}));
        risk.aim(new double[risk.size()]);
      }
      assertEquals(0, backend.liveBytes());
    }
  }
}
