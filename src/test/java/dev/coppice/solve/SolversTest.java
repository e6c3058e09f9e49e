// SPDX-License-Identifier: Apache-2.0
package dev.coppice.solve;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.backend.Backend;
import dev.coppice.backend.ReferenceBackend;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Conjugate gradients, MINRES and the direct solver on ten parameters. */
class SolversTest {
  private static final double DAMPING = 0.25;
  private static final double[] RISING = {0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 5};
  private static final double[] MIXED = {-2, -1, -0.6, 0.1, 0.4, 0.5, 0.6, 0.7, 0.8, 5};

  private static final double[] G = new Random(4).doubles(10, -1, 1).toArray();

  /** The residual, computed here. */
  private static double residual(DenseMatrix h, double[] q) {
    double[] left = h.product(q);
    double squares = 0;
    for (int i = 0; i < q.length; i++) {
      double r = left[i] + DAMPING * q[i] - G[i];
      squares += r * r;
    }
    return Math.sqrt(squares) / Vectors.norm(G);
  }

  @Test
  void conjugateGradientsReachTheTolerance() {
    DenseMatrix h = DenseMatrix.withEigenvalues(1, RISING);
    IhvpSolution solution = ConjugateGradient.solve(h, DAMPING, G, 1e-10, 100);
    assertEquals("cg", solution.solver());
    assertTrue(solution.converged());
    assertFalse(solution.indefinite());
    assertTrue(solution.residual() <= 1e-10);
    assertEquals(residual(h, solution.q()), solution.residual(), 1e-14);
    assertTrue(solution.iterations() <= 14, "10 eigenvalues took " + solution.iterations());
  }

  @Test
  void negativeCurvatureIsToldAndSolved() {
    DenseMatrix h = DenseMatrix.withEigenvalues(2, MIXED);
    IhvpSolution solution = ConjugateGradient.solve(h, DAMPING, G, 1e-10, 100);
    assertEquals("minres", solution.solver());
    assertTrue(solution.indefinite());
    assertTrue(solution.note().contains("indefinite"));
    assertTrue(residual(h, solution.q()) <= 1e-10, "residual " + residual(h, solution.q()));
    assertEquals(residual(h, solution.q()), solution.residual(), 1e-14);
  }

  @Test
  void minresAlsoSolvesDefiniteSystems() {
    DenseMatrix h = DenseMatrix.withEigenvalues(1, RISING);
    IhvpSolution solution = Minres.solve(h, DAMPING, G, 1e-10, 100);
    assertTrue(residual(h, solution.q()) <= 1e-10, "residual " + residual(h, solution.q()));
  }

  @Test
  void directAgreesWithBoth() {
    for (double[] eigenvalues : new double[][] {RISING, MIXED}) {
      DenseMatrix h = DenseMatrix.withEigenvalues(3, eigenvalues);
      double[] iterated = ConjugateGradient.solve(h, DAMPING, G, 1e-12, 200).q();
      try (Backend backend = new ReferenceBackend()) {
        IhvpSolution direct = DirectSolve.solve(backend, h.values().clone(), h, DAMPING, G);
        assertArrayEquals(iterated, direct.q(), 1e-10);
        assertEquals(eigenvalues[0] < 0, direct.indefinite());
        assertTrue(direct.residual() <= 1e-13, "residual " + direct.residual());
      }
    }
  }

  @Test
  void directRefusesASingularMatrix() {
    DenseMatrix h = new DenseMatrix(2, new double[] {1, 1, 1, 1});
    try (Backend backend = new ReferenceBackend()) {
      SolverException failure =
          assertThrows(
              SolverException.class,
              () -> DirectSolve.solve(backend, h.values().clone(), h, 0, new double[] {1, 0}));
      assertTrue(failure.getMessage().contains("damping"), failure.getMessage());
    }
  }

  /** Products with an error of 1e-7, as float32 gives: the residual told must be the true one. */
  @Test
  void roundingInTheProductsIsTold() {
    DenseMatrix h = DenseMatrix.withEigenvalues(1, RISING);
    Random random = new Random(9);
    HessianProduct rough =
        new HessianProduct() {
          @Override
          public int size() {
            return 10;
          }

          @Override
          public double[] product(double[] v) {
            double[] product = h.product(v);
            for (int i = 0; i < product.length; i++) {
              product[i] *= 1 + 1e-7 * random.nextGaussian();
            }
            return product;
          }
        };
    IhvpSolution solution = ConjugateGradient.solve(rough, DAMPING, G, 1e-12, 1000);
    assertFalse(solution.converged());
    assertTrue(solution.note().contains("tolerance"), solution.note());
    assertTrue(solution.residual() < 1e-5, "residual " + solution.residual());
    assertTrue(residual(h, solution.q()) < 1e-5, "true residual " + residual(h, solution.q()));
    assertTrue(solution.iterations() < 60, "it went on for " + solution.iterations());
  }

  @Test
  void spendsNoMoreProductsThanAllowed() {
    DenseMatrix h = DenseMatrix.withEigenvalues(1, RISING);
    IhvpSolution solution = ConjugateGradient.solve(h, DAMPING, G, 1e-10, 4);
    assertFalse(solution.converged());
    assertTrue(solution.iterations() <= 5, "products " + solution.iterations());
    assertEquals(residual(h, solution.q()), solution.residual(), 1e-14);
  }

  @Test
  void zeroGradientGivesZero() {
    DenseMatrix h = DenseMatrix.withEigenvalues(1, RISING);
    IhvpSolution solution = ConjugateGradient.solve(h, DAMPING, new double[10], 1e-6, 100);
    assertArrayEquals(new double[10], solution.q());
    assertEquals(0, solution.residual());
    assertArrayEquals(new double[10], Minres.solve(h, DAMPING, new double[10], 1e-6, 100).q());
  }

  @Test
  void productsThatAreNotFiniteAreRefused() {
    DenseMatrix h = new DenseMatrix(2, new double[] {Double.NaN, 0, 0, 1});
    double[] g = {1, 1};
    assertThrows(SolverException.class, () -> ConjugateGradient.solve(h, DAMPING, g, 1e-6, 9));
    assertThrows(SolverException.class, () -> Minres.solve(h, DAMPING, g, 1e-6, 9));
  }
}
