// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import static dev.coppice.Closeness.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.SurrogateFixture;
import dev.coppice.backend.Backend;
import dev.coppice.backend.NativeBackend;
import dev.coppice.data.ConfigException;
import dev.coppice.data.Weighting;
import dev.coppice.model.Curvature;
import dev.coppice.model.ParameterSpan;
import dev.coppice.score.InfluenceConfig.Solver;
import dev.coppice.solve.IhvpSolution;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class EkfacTest {
  private static final SurrogateFixture FIXTURE = SurrogateFixture.own();

  private static InfluenceConfig config(Solver solver, ParameterSet set) {
    return new InfluenceConfig(
        solver,
        Damping.absolute(0.05),
        1e-5,
        Curvature.GAUSS_NEWTON,
        set,
        null,
        100,
        3,
        42,
        20,
        1L << 30);
  }

  private static IhvpSolution solve(int threads, Solver solver, ParameterSet set) {
    try (Backend backend = new NativeBackend(NativeBackend.Device.CPU, threads);
        InfluenceScorer scorer =
            new InfluenceScorer(
                backend, FIXTURE.weights(), FIXTURE.samples(), config(solver, set))) {
      return scorer.solve();
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = ParameterSet.class,
      names = {"LAST_BLOCK", "ALL"})
  void tellsItsTrueResidualWhereTheOthersAreExact(ParameterSet set) {
    IhvpSolution exact = solve(2, Solver.CG, set);
    assertClose("cg against direct", solve(2, Solver.DIRECT, set).q(), exact.q(), 1e-3);
    IhvpSolution ekfac = solve(2, Solver.EKFAC, set);
    ParameterSpan span =
        set == ParameterSet.ALL
            ? ParameterSpan.all(FIXTURE.config())
            : ParameterSpan.lastBlock(FIXTURE.config());
    try (Backend backend = new NativeBackend(NativeBackend.Device.CPU, 2);
        SpanRisk risk =
            new SpanRisk(
                backend, span, FIXTURE.weights(), FIXTURE.samples(), config(Solver.CG, set))) {
      double[] g = risk.meanGradient();
      double[] left = risk.mean(Curvature.GAUSS_NEWTON).product(ekfac.q());
      double squares = 0;
      double norm = 0;
      for (int i = 0; i < g.length; i++) {
        squares += Math.pow(left[i] + 0.05 * ekfac.q()[i] - g[i], 2);
        norm += g[i] * g[i];
      }
      assertEquals(Math.sqrt(squares / norm), ekfac.residual(), 1e-6);
    }
    assertTrue(ekfac.residual() > 0.01, "an approximation");
    assertTrue(ekfac.note().contains("approximate"));
  }

  @ParameterizedTest
  @EnumSource(
      value = ParameterSet.class,
      names = {"LAST_BLOCK", "ALL"})
  void threadsChangeNoBit(ParameterSet set) {
    assertArrayEquals(solve(1, Solver.EKFAC, set).q(), solve(2, Solver.EKFAC, set).q());
  }

  @Test
  void signsBelongToTheSampleAndPosition() {
    var samples = FIXTURE.samples();
    int[] ids = samples.scorable();
    double[] all = Ekfac.signs(samples.batch(ids, 0, Weighting.SAMPLE_MEAN), 42);
    int last = ids[ids.length - 1];
    int n = samples.transitions(last);
    double[] one = Ekfac.signs(samples.batch(new int[] {last}, 0, Weighting.SAMPLE_MEAN), 42);
    int t = all.length / 2;
    assertArrayEquals(Arrays.copyOfRange(all, t - n, t), Arrays.copyOf(one, n));
    assertArrayEquals(Arrays.copyOfRange(all, 2 * t - n, 2 * t), Arrays.copyOfRange(one, n, 2 * n));
    assertTrue(Arrays.stream(all).allMatch(sign -> Math.abs(sign) == 1));
    assertEquals(0, Arrays.stream(all).sum() / all.length, 0.35);
  }

  @Test
  void refusesTheSetItIsNotFor() {
    assertThrows(ConfigException.class, () -> config(Solver.EKFAC, ParameterSet.LAST_DENSE));
  }
}
