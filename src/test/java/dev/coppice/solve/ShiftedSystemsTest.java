// SPDX-License-Identifier: Apache-2.0
package dev.coppice.solve;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.backend.Backend;
import dev.coppice.backend.ReferenceBackend;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ShiftedSystemsTest {
  private static final double[] RISING = {0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 5};
  private static final double[] MIXED = {-0.2, -0.1, 0, 0.1, 0.4, 0.5, 0.6, 0.7, 0.8, 5};
  private static final double[] SHIFTS = {0.05, 5, 0.5, 0.15, 0.25};
  private static final double[] G = new Random(4).doubles(10, -1, 1).toArray();

  private static double[] direct(DenseMatrix h, double shift) {
    try (Backend backend = new ReferenceBackend()) {
      return DirectSolve.solve(backend, h.values().clone(), h, shift, G).q();
    }
  }

  /** Counts products: all shifts together take those of the hardest one, and one each to check. */
  private static final class Counted implements HessianProduct {
    private final HessianProduct hessian;
    private int products;

    Counted(HessianProduct hessian) {
      this.hessian = hessian;
    }

    @Override
    public int size() {
      return hessian.size();
    }

    @Override
    public double[] product(double[] v) {
      products++;
      return hessian.product(v);
    }
  }

  @Test
  void agreesWithADirectSolutionOfEach() {
    DenseMatrix h = DenseMatrix.withEigenvalues(1, RISING);
    Counted counted = new Counted(h);
    List<Optional<IhvpSolution>> solutions = ShiftedSystems.solve(counted, SHIFTS, G, 1e-10, 100);
    for (int k = 0; k < SHIFTS.length; k++) {
      IhvpSolution solution = solutions.get(k).orElseThrow();
      assertArrayEquals(direct(h, SHIFTS[k]), solution.q(), 1e-9, "shift " + SHIFTS[k]);
      assertTrue(solution.converged() && solution.residual() <= 1e-9, "" + solution.residual());
      assertEquals(Vectors.residual(h, SHIFTS[k], solution.q(), G), solution.residual(), 1e-16);
      assertFalse(solution.indefinite());
    }
    assertTrue(counted.products <= 14 + SHIFTS.length, "products " + counted.products);
    int hardest = solutions.get(0).orElseThrow().iterations();
    assertTrue(solutions.get(1).orElseThrow().iterations() < hardest, "large shifts end early");
  }

  @Test
  void whatIsIndefiniteIsLeftOut() {
    DenseMatrix h = DenseMatrix.withEigenvalues(2, MIXED);
    List<Optional<IhvpSolution>> solutions = ShiftedSystems.solve(h, SHIFTS, G, 1e-10, 100);
    assertTrue(solutions.get(0).isEmpty() && solutions.get(3).isEmpty());
    for (int k : new int[] {1, 2, 4}) {
      assertArrayEquals(direct(h, SHIFTS[k]), solutions.get(k).orElseThrow().q(), 1e-9);
    }
  }

  @Test
  void tooFewProductsAreTold() {
    DenseMatrix h = DenseMatrix.withEigenvalues(1, RISING);
    List<Optional<IhvpSolution>> solutions = ShiftedSystems.solve(h, SHIFTS, G, 1e-10, 3);
    IhvpSolution hardest = solutions.get(0).orElseThrow();
    assertFalse(hardest.converged());
    assertTrue(hardest.note().contains("tolerance"));
    assertEquals(Vectors.residual(h, SHIFTS[0], hardest.q(), G), hardest.residual(), 1e-16);
  }

  @Test
  void zeroGradientGivesZero() {
    DenseMatrix h = DenseMatrix.withEigenvalues(1, RISING);
    IhvpSolution solution =
        ShiftedSystems.solve(h, new double[] {1}, new double[10], 1e-3, 9).get(0).orElseThrow();
    assertArrayEquals(new double[10], solution.q());
    assertTrue(ShiftedSystems.solve(h, new double[0], G, 1e-3, 9).isEmpty());
  }

  @Test
  void productsThatAreNotFiniteAreRefused() {
    DenseMatrix h = new DenseMatrix(2, new double[] {Double.NaN, 0, 0, 1});
    double[] g = {1, 1};
    assertThrows(
        SolverException.class, () -> ShiftedSystems.solve(h, new double[] {1}, g, 1e-3, 9));
  }
}
