// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import static dev.coppice.Closeness.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.SurrogateFixture;
import dev.coppice.TestedBackend;
import dev.coppice.backend.Backend;
import dev.coppice.backend.ReferenceBackend;
import dev.coppice.data.ConfigException;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.model.Curvature;
import dev.coppice.model.SasRecConfig;
import dev.coppice.model.SurrogateWeights;
import dev.coppice.score.InfluenceConfig.Solver;
import dev.coppice.solve.IhvpSolution;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class InfluenceScorerTest {
  private static final SurrogateFixture FIXTURE = SurrogateFixture.own();

  private static InfluenceConfig config(Solver solver, int positions, long cacheBytes) {
    return new InfluenceConfig(
        solver,
        Damping.absolute(0.25),
        1e-6,
        Curvature.HESSIAN,
        ParameterSet.LAST_DENSE,
        null,
        400,
        3,
        42,
        positions,
        cacheBytes);
  }

  @ParameterizedTest
  @EnumSource(names = {"REFERENCE", "CPU"})
  void aScoreDoesNotDependOnTheOthers(TestedBackend tested) {
    SurrogateSamples samples = FIXTURE.samples();
    int[] all = samples.scorable();
    try (Backend backend = tested.open();
        InfluenceScorer scorer =
            new InfluenceScorer(
                backend, FIXTURE.weights(), samples, config(Solver.CG, 20, 1L << 30));
        InfluenceScorer wide =
            new InfluenceScorer(
                backend, FIXTURE.weights(), samples, config(Solver.CG, 8192, 1L << 30))) {
      wide.use(scorer.solve().q());
      InfluenceBatch together = scorer.score(all);
      InfluenceBatch inOne = wide.score(all);
      assertArrayEquals(together.influence(), inOne.influence());
      assertArrayEquals(together.loss(), inOne.loss());
      assertArrayEquals(together.gradNorm(), inOne.gradNorm());
      for (int i = all.length - 1; i >= 0; i--) {
        InfluenceBatch pair = scorer.score(new int[] {all[0], all[i]});
        assertEquals(together.influence()[i], pair.influence()[1]);
        assertEquals(together.loss()[i], pair.loss()[1]);
        assertEquals(together.gradNorm()[i], pair.gradNorm()[1]);
      }
      assertEquals(0, scorer.score(new int[0]).influence().length);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"REFERENCE", "CPU"})
  void lossesAndNormsAreThoseOfTheGradients(TestedBackend tested) {
    SurrogateSamples samples = FIXTURE.samples();
    int size = FIXTURE.config().hidden() * FIXTURE.config().hidden();
    double[] gradients = FIXTURE.doubles("output/sample_grad");
    double[] norms = new double[samples.scorable().length];
    for (int s = 0; s < norms.length; s++) {
      double squares = 0;
      for (int i = s * size; i < (s + 1) * size; i++) {
        squares += gradients[i] * gradients[i];
      }
      norms[s] = Math.sqrt(squares);
    }
    try (Backend backend = tested.open();
        InfluenceScorer scorer =
            new InfluenceScorer(backend, FIXTURE.weights(), samples, InfluenceConfig.DEFAULT)) {
      scorer.use(new double[size]);
      InfluenceBatch scores = scorer.score(samples.scorable());
      assertClose("loss", FIXTURE.doubles("output/sample_loss"), scores.loss(), tested.tolerance());
      assertClose("gradient norm", norms, scores.gradNorm(), tested.tolerance());
      assertArrayEquals(new double[norms.length], scores.influence(), 0.0);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Solver.class,
      mode = EnumSource.Mode.EXCLUDE,
      names = "EKFAC") // needs another set
  void everySolverTellsItsResidualAndRepeatsItsBits(Solver solver) {
    double[][] q = new double[2][];
    for (int run = 0; run < 2; run++) {
      try (Backend backend = new ReferenceBackend();
          InfluenceScorer scorer =
              new InfluenceScorer(
                  backend,
                  FIXTURE.weights(),
                  FIXTURE.samples(),
                  config(solver, 20, run == 0 ? 0 : 1L << 30))) {
        IhvpSolution solution = scorer.solve();
        q[run] = solution.q();
        double bound = solver == Solver.LISSA ? 0.9 : 1e-6;
        assertTrue(solution.residual() <= bound, "residual " + solution.residual());
        assertEquals(solution.residual(), solution.facts().get("residual"));
        assertEquals(solver == Solver.LISSA, solution.facts().containsKey("lissaScale"));
      }
    }
    assertArrayEquals(q[0], q[1], "with and without cache");
  }

  /** The Hessian of this fixture has eigenvalues far below -0.01. */
  @Test
  void indefiniteMatricesAreSolvedAndTold() {
    InfluenceConfig weak =
        new InfluenceConfig(
            Solver.CG,
            Damping.absolute(0.01),
            1e-6,
            Curvature.HESSIAN,
            ParameterSet.LAST_DENSE,
            null,
            1,
            1,
            42,
            64,
            1L << 30);
    InfluenceConfig gaussNewton =
        new InfluenceConfig(
            Solver.CG,
            Damping.absolute(0.01),
            1e-6,
            Curvature.GAUSS_NEWTON,
            ParameterSet.LAST_DENSE,
            null,
            1,
            1,
            42,
            64,
            0);
    try (Backend backend = new ReferenceBackend()) {
      try (InfluenceScorer scorer =
          new InfluenceScorer(backend, FIXTURE.weights(), FIXTURE.samples(), weak)) {
        IhvpSolution solution = scorer.solve();
        assertTrue(solution.indefinite());
        assertTrue(solution.residual() <= 1e-6, "residual " + solution.residual());
      }
      try (InfluenceScorer scorer =
          new InfluenceScorer(backend, FIXTURE.weights(), FIXTURE.samples(), gaussNewton)) {
        assertFalse(scorer.solve().indefinite());
      }
    }
  }

  @Test
  void refusesWhatItCannotDo() {
    SurrogateSamples samples = FIXTURE.samples();
    try (Backend backend = new ReferenceBackend()) {
      try (InfluenceScorer scorer =
          new InfluenceScorer(backend, FIXTURE.weights(), samples, InfluenceConfig.DEFAULT)) {
        assertThrows(IllegalStateException.class, () -> scorer.score(new int[] {0}));
      }
      SurrogateWeights wide = SurrogateWeights.initial(new SasRecConfig(40, 128, 1, 2, 6, 0f), 1);
      assertThrows(
          ConfigException.class,
          () ->
              new InfluenceScorer(
                  backend, wide, samples, InfluenceConfig.DEFAULT.with(Solver.DIRECT)));
      assertEquals(0, backend.liveBytes());
    }
  }
}
