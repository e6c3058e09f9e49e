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

class ProjectedSystemsTest {
  private static final double[] RISING = {0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 5};
  private static final double[] MIXED = {-0.2, -0.1, 0, 0.1, 0.4, 0.5, 0.6, 0.7, 0.8, 5};
  private static final double[] SHIFTS = {0.05, 5, 0.5, 0.15, 0.25};
  private static final double[] G = new Random(4).doubles(10, -1, 1).toArray();

  private static double[] direct(DenseMatrix h, double shift) {
    try (Backend backend = new ReferenceBackend()) {
      return DirectSolve.solve(backend, h.values().clone(), h, shift, G).q();
    }
  }

  /** Counts products: all shifts together take those of the hardest one, and none to check. */
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
    ProjectedSystems systems = new ProjectedSystems(counted, G, 100);
    List<Optional<IhvpSolution>> solutions = systems.solve(SHIFTS, 1e-10);
    for (int k = 0; k < SHIFTS.length; k++) {
      IhvpSolution solution = solutions.get(k).orElseThrow();
      assertArrayEquals(direct(h, SHIFTS[k]), solution.q(), 1e-9, "shift " + SHIFTS[k]);
      assertTrue(solution.converged() && solution.residual() <= 1e-10, "" + solution.residual());
      assertFalse(solution.indefinite());
    }
    assertTrue(counted.products <= 10, "products " + counted.products);
    assertEquals(counted.products, systems.products());
  }

  /** At every dimension of the space, though no product is spent on it. */
  @Test
  void theResidualIsThatOfTheSolution() {
    DenseMatrix h = DenseMatrix.withEigenvalues(1, RISING);
    for (int most = 1; most < 10; most++) {
      List<Optional<IhvpSolution>> solutions =
          new ProjectedSystems(h, G, most).solve(SHIFTS, 1e-12);
      for (int k = 0; k < SHIFTS.length; k++) {
        IhvpSolution solution = solutions.get(k).orElseThrow();
        double residual = Vectors.residual(h, SHIFTS[k], solution.q(), G);
        assertEquals(residual, solution.residual(), 1e-13, most + " steps, shift " + SHIFTS[k]);
      }
    }
  }

  /** A matrix that is not quite symmetric, as with products that are rounded. */
  @Test
  void theResidualCountsWhatOrthogonalisationTakesAway() {
    DenseMatrix exact = DenseMatrix.withEigenvalues(1, RISING);
    double[] values = exact.values().clone();
    Random random = new Random(6);
    for (int i = 0; i < values.length; i++) {
      values[i] += 1e-3 * random.nextGaussian();
    }
    DenseMatrix h = new DenseMatrix(10, values);
    IhvpSolution solution =
        new ProjectedSystems(h, G, 10).solve(new double[] {0.25}, 1e-12).get(0).orElseThrow();
    assertTrue(solution.residual() > 1e-5, "residual " + solution.residual());
    assertFalse(solution.converged());
    double residual = Vectors.residual(h, 0.25, solution.q(), G);
    assertEquals(residual, solution.residual(), 1e-12);
  }

  @Test
  void whatIsIndefiniteIsLeftOut() {
    DenseMatrix h = DenseMatrix.withEigenvalues(2, MIXED);
    List<Optional<IhvpSolution>> solutions = new ProjectedSystems(h, G, 100).solve(SHIFTS, 1e-10);
    assertTrue(solutions.get(0).isEmpty() && solutions.get(3).isEmpty());
    for (int k : new int[] {1, 2, 4}) {
      assertArrayEquals(direct(h, SHIFTS[k]), solutions.get(k).orElseThrow().q(), 1e-9);
    }
  }

  @Test
  void easySystemsTakeFewProducts() {
    DenseMatrix h = DenseMatrix.withEigenvalues(1, RISING);
    ProjectedSystems systems = new ProjectedSystems(h, G, 100);
    assertTrue(systems.solve(new double[] {50}, 1e-3).get(0).orElseThrow().converged());
    int few = systems.products();
    assertTrue(few <= 3, "products " + few);
    assertTrue(systems.solve(new double[] {0.05}, 1e-3).get(0).orElseThrow().converged());
    assertTrue(systems.products() > few, "it goes on");
  }

  @Test
  void findsTheLargestEigenvalue() {
    DenseMatrix h = DenseMatrix.withEigenvalues(1, RISING);
    ProjectedSystems systems = new ProjectedSystems(h, G, 100);
    assertEquals(5, systems.largest(1e-6), 1e-10);
    int few = systems.products();
    assertTrue(few < 10, "products " + few);
    systems.solve(SHIFTS, 1e-10);
    assertTrue(new ProjectedSystems(h, G, 2).largest(1e-6) < 5, "too few steps");
  }

  @Test
  void tooFewProductsAreTold() {
    DenseMatrix h = DenseMatrix.withEigenvalues(1, RISING);
    IhvpSolution hardest = new ProjectedSystems(h, G, 3).solve(SHIFTS, 1e-10).get(0).orElseThrow();
    assertFalse(hardest.converged());
    assertEquals(3, hardest.iterations());
    assertTrue(hardest.note().contains("tolerance"));
  }

  @Test
  void zeroGradientGivesZero() {
    DenseMatrix h = DenseMatrix.withEigenvalues(1, RISING);
    ProjectedSystems systems = new ProjectedSystems(h, new double[10], 9);
    IhvpSolution solution = systems.solve(new double[] {1}, 1e-3).get(0).orElseThrow();
    assertArrayEquals(new double[10], solution.q());
    assertEquals(0, solution.residual());
    assertEquals(0, systems.largest(1e-6));
    ProjectedSystems none = new ProjectedSystems(h, G, 9);
    assertTrue(none.solve(new double[0], 1e-3).isEmpty());
    assertEquals(0, none.products());
  }

  @Test
  void productsThatAreNotFiniteAreRefused() {
    DenseMatrix h = new DenseMatrix(2, new double[] {Double.NaN, 0, 0, 1});
    ProjectedSystems systems = new ProjectedSystems(h, new double[] {1, 1}, 9);
    assertThrows(SolverException.class, () -> systems.solve(new double[] {1}, 1e-3));
  }
}
