// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.SurrogateFixture;
import dev.coppice.backend.Backend;
import dev.coppice.backend.ReferenceBackend;
import dev.coppice.model.Curvature;
import dev.coppice.solve.ConjugateGradient;
import dev.coppice.solve.IhvpSolution;
import dev.coppice.solve.Spectrum;
import dev.coppice.solve.SpectrumProbe;
import dev.coppice.solve.SymmetricEigen;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** On a model of 64 parameters, whose Hessian has eigenvalues far below zero. */
class CurvatureReportTest {
  private static final SurrogateFixture FIXTURE = SurrogateFixture.own();

  private static InfluenceConfig config(Damping damping, Curvature curvature) {
    return new InfluenceConfig(
        InfluenceConfig.Solver.CG,
        damping,
        1e-6,
        curvature,
        ParameterSet.LAST_DENSE,
        null,
        1,
        1,
        42,
        64,
        1L << 30);
  }

  private static LastDenseRisk risk(Backend backend) {
    return new LastDenseRisk(
        backend, FIXTURE.weights(), FIXTURE.samples(), InfluenceConfig.DEFAULT);
  }

  /** Ascending: Rayleigh quotients of the eigenvectors of a dense matrix, (n,n). */
  private static double[] eigenvalues(double[] a, int n) {
    double[] u = SymmetricEigen.vectors(n, a);
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        for (int k = 0; k < n; k++) {
          values[k] += u[i * n + k] * a[i * n + j] * u[j * n + k];
        }
      }
    }
    Arrays.sort(values);
    return values;
  }

  /** Lanczos spans the whole space here, so its extremes are those of the dense matrix. */
  @ParameterizedTest
  @EnumSource
  void theExtremesAreThoseOfTheDenseMatrix(Curvature curvature) {
    try (Backend backend = new ReferenceBackend();
        LastDenseRisk risk = risk(backend)) {
      Spectrum spectrum = new SpectrumProbe(risk.mean(curvature), 42).spectrum();
      double[] eigenvalues = eigenvalues(risk.dense(curvature), risk.size());
      double largest = eigenvalues[eigenvalues.length - 1];
      assertEquals(largest, spectrum.largest(), 1e-9 * largest);
      double bound = Math.max(1e-9 * largest, spectrum.smallestError());
      assertEquals(eigenvalues[0], spectrum.smallest(), bound);
      assertTrue(spectrum.smallest() >= eigenvalues[0] - 1e-12 * largest);
      double trace = 0;
      double mean = 0;
      for (double value : eigenvalues) {
        trace += value;
      }
      for (int i = 0; i < spectrum.nodes().length; i++) {
        mean += spectrum.nodes()[i] * spectrum.weights()[i];
      }
      assertEquals(trace / risk.size(), mean, 0.02 * largest);
    }
  }

  @Test
  void theRowsAreThoseOfSeparateSolutions() {
    int[] samples = FIXTURE.samples().scorable();
    InfluenceConfig config = config(Damping.relative(0.1), Curvature.GAUSS_NEWTON);
    try (Backend backend = new ReferenceBackend();
        LastDenseRisk risk = risk(backend);
        InfluenceScorer scorer =
            new InfluenceScorer(backend, FIXTURE.weights(), FIXTURE.samples(), config)) {
      IhvpSolution solution = scorer.solve();
      double[] before = scorer.score(samples).influence();
      CurvatureReport report = scorer.curvatureReport(solution);
      assertArrayEquals(before, scorer.score(samples).influence(), "the scorer goes on with q");
      assertEquals(samples.length / 2, report.top());
      for (CurvatureReport.Row row : report.rows()) {
        double largest = new SpectrumProbe(risk.mean(row.curvature()), 42).largest();
        assertEquals(row.relative().getAsDouble() * largest, row.damping());
        if (row.indefinite()) {
          assertTrue(row.spearman().isEmpty() && row.overlap().isEmpty());
          continue;
        }
        IhvpSolution exact =
            ConjugateGradient.solve(
                risk.mean(row.curvature()), row.damping(), risk.meanGradient(), 1e-8, 1000);
        assertFalse(exact.indefinite());
        risk.aim(risk.meanGradient(), exact.q());
        double[][] dots = risk.score(samples).dots();
        assertEquals(RankAgreement.spearman(dots[1], dots[0]), row.spearman().getAsDouble(), 0.02);
        assertTrue(row.residual().getAsDouble() <= 0.02, row.toString());
      }
    }
  }
}
