// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.model.Curvature;
import dev.coppice.solve.BatchHessian;
import dev.coppice.solve.ConjugateGradient;
import dev.coppice.solve.HessianProduct;
import dev.coppice.solve.IhvpSolution;
import dev.coppice.solve.SpectrumProbe;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** On diagonal matrices, whose products cost nothing. */
class CurvatureStudyTest {
  private static final int[] SAMPLES = {0, 1, 2, 3, 4, 5, 6, 7};

  /** The same diagonal for both matrices; gradients of samples are random. */
  private static final class Diagonal implements RiskDerivatives {
    private final double[] values;
    private final double[] g;
    private double[][] directions;
    private int products;

    Diagonal(double[] values, double[] g) {
      this.values = values;
      this.g = g;
    }

    @Override
    public int size() {
      return values.length;
    }

    @Override
    public double[] meanGradient() {
      return g.clone();
    }

    @Override
    public HessianProduct mean(Curvature curvature) {
      return new HessianProduct() {
        @Override
        public int size() {
          return values.length;
        }

        @Override
        public double[] product(double[] v) {
          products++;
          double[] product = new double[v.length];
          Arrays.setAll(product, i -> values[i] * v[i]);
          return product;
        }
      };
    }

    @Override
    public BatchHessian ofSamples(Curvature curvature) {
      throw new UnsupportedOperationException();
    }

    @Override
    public double[] dense(Curvature curvature) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void aim(double[]... directions) {
      this.directions = directions.clone();
    }

    @Override
    public GradientScores score(int[] ids) {
      GradientScores scores = GradientScores.of(directions.length, ids.length);
      for (int s = 0; s < ids.length; s++) {
        double[] gradient = new Random(ids[s]).doubles(g.length, -1, 1).toArray();
        for (int k = 0; k < directions.length; k++) {
          for (int i = 0; i < g.length; i++) {
            scores.dots()[k][s] += gradient[i] * directions[k][i];
          }
        }
      }
      return scores;
    }

    @Override
    public void close() {
      // owns nothing
    }
  }

  private static CurvatureReport report(Diagonal risk, Damping damping) {
    InfluenceConfig config = InfluenceConfig.DEFAULT.with(damping);
    SpectrumProbe probe = new SpectrumProbe(risk.mean(Curvature.HESSIAN), 42);
    double lambda = damping.at(damping.relative() ? probe.largest() : 0);
    IhvpSolution solution =
        ConjugateGradient.solve(
            risk.mean(Curvature.HESSIAN), lambda, risk.meanGradient(), 1e-6, 1000);
    risk.products = probe.products();
    return new CurvatureStudy(risk, config, curvature -> probe).report(solution, SAMPLES);
  }

  /** From 1e-4 to 1, evenly on a logarithmic scale. */
  private static double[] spread(int size) {
    double[] values = new double[size];
    Arrays.setAll(values, i -> Math.pow(10, -4.0 * i / size));
    return values;
  }

  /**
   * The gradient has no part in the direction of negative curvature: only the spectrum shows it.
   */
  @Test
  void whatTheSpectrumShowsToBeIndefiniteIsNotSolved() {
    double[] values = spread(5000);
    values[7] = -0.05;
    double[] g = new Random(1).doubles(values.length, -1, 1).toArray();
    g[7] = 0;
    List<CurvatureReport.Row> rows = report(new Diagonal(values, g), Damping.relative(1)).rows();
    for (CurvatureReport.Row row : rows) {
      boolean indefinite = row.curvature() == Curvature.HESSIAN && row.damping() < 0.05;
      assertEquals(indefinite, row.indefinite(), row.toString());
      assertEquals(indefinite, row.residual().isEmpty(), row.toString());
      assertEquals(indefinite, row.spearman().isEmpty(), row.toString());
    }
  }

  @Test
  void theProductsAreBoundedAndFewerForLargeSets() {
    for (int size : new int[] {5000, SpectrumProbe.LARGE + 1}) {
      double[] g = new Random(1).doubles(size, -1, 1).toArray();
      Diagonal risk = new Diagonal(spread(size), g);
      CurvatureReport report = report(risk, Damping.relative(1));
      assertEquals(risk.products, report.products());
      int most = size > SpectrumProbe.LARGE ? 24 + 2 * 16 : 40 + 2 * 48;
      assertEquals(most, report.products(), "of this spectrum all are needed");
      CurvatureReport.Row last = report.rows().get(report.rows().size() - 1);
      assertFalse(last.indefinite());
      assertTrue(last.residual().getAsDouble() > 5e-3, "its residual tells: " + last);
    }
  }

  /** No ranking then, and of the matrix without a probe not even an eigenvalue. */
  @Test
  void aGradientOfZeroIsNoError() {
    Diagonal risk = new Diagonal(spread(5000), new double[5000]);
    CurvatureReport relative = report(risk, Damping.relative(1));
    assertEquals(4, relative.rows().size());
    CurvatureReport absolute = report(risk, Damping.absolute(0.3));
    assertEquals(6, absolute.rows().size());
    for (CurvatureReport.Row row : absolute.rows()) {
      assertTrue(row.spearman().isEmpty() && !row.indefinite(), row.toString());
      assertEquals(0, row.residual().getAsDouble());
    }
  }
}
