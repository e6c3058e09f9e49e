// SPDX-License-Identifier: Apache-2.0
package dev.coppice.solve;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class LissaTest {
  private static final double DAMPING = 0.25;
  private static final double[] G = new Random(4).doubles(10, -1, 1).toArray();

  /** Samples whose Hessians differ; the largest eigenvalue of one is {@code top}. */
  private record Samples(DenseMatrix[] hessians) implements BatchHessian {
    static Samples of(int count, double top) {
      DenseMatrix[] hessians = new DenseMatrix[count];
      for (int s = 0; s < count; s++) {
        hessians[s] =
            DenseMatrix.withEigenvalues(s, -0.05, 0, 0, 0.05, 0.1, 0.1, 0.2, 0.2, 0.3, top);
      }
      return new Samples(hessians);
    }

    @Override
    public int samples() {
      return hessians.length;
    }

    @Override
    public double[] product(int[] batch, double[] v) {
      double[] mean = new double[v.length];
      for (int sample : batch) {
        Vectors.axpy(1.0 / batch.length, hessians[sample].product(v), mean);
      }
      return mean;
    }

    HessianProduct mean() {
      int[] all = new int[samples()];
      Arrays.setAll(all, i -> i);
      return new HessianProduct() {
        @Override
        public int size() {
          return 10;
        }

        @Override
        public double[] product(double[] v) {
          return Samples.this.product(all, v);
        }
      };
    }
  }

  private static LissaConfig config(OptionalDouble scale, int steps, int batch, long seed) {
    return new LissaConfig(DAMPING, scale, steps, batch, seed);
  }

  /** One step by hand: h = g + (1 - damping/scale) g - H g / scale, and q = h / scale. */
  @Test
  void followsTheRecursion() {
    Samples samples = Samples.of(3, 0.5);
    IhvpSolution solution =
        Lissa.solve(
            samples, samples.mean(), G, config(OptionalDouble.of(5), 1, 1, 0), new int[][] {{2}});
    double[] product = samples.hessians()[2].product(G);
    double[] expected = new double[10];
    for (int i = 0; i < 10; i++) {
      expected[i] = (G[i] + (1 - 0.05) * G[i] - product[i] / 5) / 5;
    }
    assertArrayEquals(expected, solution.q(), 1e-15);
  }

  @Test
  void agreesWithConjugateGradients() {
    Samples samples = Samples.of(20, 0.5);
    double[] exact = ConjugateGradient.solve(samples.mean(), DAMPING, G, 1e-12, 100).q();
    IhvpSolution solution =
        Lissa.solve(samples, samples.mean(), G, config(OptionalDouble.empty(), 20000, 2, 7));
    double error = 0;
    for (int i = 0; i < 10; i++) {
      error += (solution.q()[i] - exact[i]) * (solution.q()[i] - exact[i]);
    }
    double relative = Math.sqrt(error) / Vectors.norm(exact);
    assertTrue(relative < 0.02, "relative error " + relative);
    assertTrue(solution.residual() < 0.02, "residual " + solution.residual());
    assertTrue(solution.scale().getAsDouble() > 0.25, "scale " + solution.scale());
  }

  @Test
  void theSeedDecides() {
    Samples samples = Samples.of(20, 0.5);
    LissaConfig config = config(OptionalDouble.of(5), 50, 2, 7);
    double[] first = Lissa.solve(samples, samples.mean(), G, config).q();
    assertArrayEquals(first, Lissa.solve(samples, samples.mean(), G, config).q());
    LissaConfig other = config(OptionalDouble.of(5), 50, 2, 8);
    assertTrue(!Arrays.equals(first, Lissa.solve(samples, samples.mean(), G, other).q()));
  }

  /** The draws that docs/randomness.md gives for seed 42 and 1000 samples. */
  @Test
  void drawsTheSamplesOfTheDocumentation() {
    int[] seen = new int[3];
    int[] step = new int[1];
    BatchHessian recorder =
        new BatchHessian() {
          @Override
          public int samples() {
            return 1000;
          }

          @Override
          public double[] product(int[] batch, double[] v) {
            seen[step[0]++] = batch[0];
            return new double[v.length];
          }
        };
    HessianProduct zero = DenseMatrix.withEigenvalues(0, new double[10]);
    Lissa.solve(recorder, zero, G, config(OptionalDouble.of(25), 3, 1, 42));
    assertArrayEquals(new int[] {225, 11, 64}, seen);
  }

  @Test
  void divergenceNamesAScaleThatWorks() {
    Samples samples = Samples.of(20, 40);
    SolverException failure =
        assertThrows(
            SolverException.class,
            () ->
                Lissa.solve(samples, samples.mean(), G, config(OptionalDouble.of(2), 2000, 1, 7)));
    Matcher named = Pattern.compile("use a scale of ([0-9.e+]+)").matcher(failure.getMessage());
    assertTrue(named.find(), failure.getMessage());
    double safe = Double.parseDouble(named.group(1));
    assertTrue(safe > 20 && safe < 200, "safe scale " + safe);
    IhvpSolution solution =
        Lissa.solve(samples, samples.mean(), G, config(OptionalDouble.of(safe), 20000, 1, 7));
    assertTrue(solution.residual() < 0.5, "residual " + solution.residual());
  }

  /** Means of several Hessians have smaller largest eigenvalues, so their scale is smaller too. */
  @Test
  void theScaleIsThatOfTheMiniBatches() {
    Samples samples = Samples.of(20, 4);
    double[] scale = new double[2];
    int[] batch = {1, 16};
    for (int k = 0; k < 2; k++) {
      IhvpSolution solution =
          Lissa.solve(samples, samples.mean(), G, config(OptionalDouble.empty(), 100, batch[k], 7));
      scale[k] = solution.scale().getAsDouble();
      assertTrue(solution.residual() < 0.5, "residual " + solution.residual());
    }
    assertEquals(2 * 4 + DAMPING, scale[0], 1e-4, "twice the largest, and the damping");
    assertTrue(scale[1] > 2 * 0.25 && scale[1] < 0.6 * scale[0], "scale " + scale[1]);
    Samples steep = Samples.of(20, 40);
    SolverException failure =
        assertThrows(
            SolverException.class,
            () -> Lissa.solve(steep, steep.mean(), G, config(OptionalDouble.of(2), 400, 4, 7)));
    assertTrue(failure.getMessage().contains("use a scale of "), failure.getMessage());
  }

  @Test
  void tooFewStepsAreTold() {
    Samples samples = Samples.of(20, 0.5);
    LissaConfig few = config(OptionalDouble.of(5), 10, 2, 7);
    IhvpSolution solution = Lissa.solve(samples, samples.mean(), G, few);
    assertTrue(solution.residual() > 0.1, "residual " + solution.residual());
    assertTrue(solution.note().contains("after 10 steps"), solution.note());
    LissaConfig enough = config(OptionalDouble.empty(), 20000, 2, 7);
    assertEquals("", Lissa.solve(samples, samples.mean(), G, enough).note());
  }

  @Test
  void aSlowExplosionIsDivergenceToo() {
    Samples samples = Samples.of(1, 5.3); // (5.3 + 0.25) / 2.7 is just above 2
    assertThrows(
        SolverException.class,
        () -> Lissa.solve(samples, samples.mean(), G, config(OptionalDouble.of(2.7), 300, 1, 7)));
  }

  @Test
  void nothingToSolveIsSaid() {
    HessianProduct zero = DenseMatrix.withEigenvalues(0, new double[10]);
    BatchHessian batches = new Samples(new DenseMatrix[] {(DenseMatrix) zero});
    LissaConfig config = new LissaConfig(0, OptionalDouble.empty(), 10, 1, 0);
    SolverException failure =
        assertThrows(SolverException.class, () -> Lissa.solve(batches, zero, G, config));
    assertTrue(failure.getMessage().contains("both zero"), failure.getMessage());
  }

  @Test
  void zeroGradientGivesZero() {
    Samples samples = Samples.of(2, 0.5);
    IhvpSolution solution =
        Lissa.solve(
            samples, samples.mean(), new double[10], config(OptionalDouble.empty(), 9, 1, 0));
    assertArrayEquals(new double[10], solution.q());
    assertEquals(0, solution.residual());
  }
}
