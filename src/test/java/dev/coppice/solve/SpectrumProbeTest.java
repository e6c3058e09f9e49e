// SPDX-License-Identifier: Apache-2.0
package dev.coppice.solve;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SpectrumProbeTest {
  /** Diagonal matrices: their eigenvalues are known and a product costs nothing. */
  private record Diagonal(double[] values) implements HessianProduct {
    @Override
    public int size() {
      return values.length;
    }

    @Override
    public double[] product(double[] v) {
      double[] product = new double[v.length];
      Arrays.setAll(product, i -> values[i] * v[i]);
      return product;
    }
  }

  /** Most eigenvalues near zero, a few large, few negative: as a trained model has them. */
  private static double[] skewed(int size) {
    Random random = new Random(3);
    double[] values = new double[size];
    Arrays.setAll(values, i -> 1e-3 * Math.exp(random.nextGaussian()));
    values[7] = 1;
    values[70] = 0.6;
    values[11] = -0.05;
    return values;
  }

  @Test
  void findsTheExtremesWithinTheirBounds() {
    Diagonal h = new Diagonal(skewed(5000));
    Spectrum spectrum = new SpectrumProbe(h, 42).spectrum();
    assertEquals(1, spectrum.largest(), 1e-9);
    assertEquals(-0.05, spectrum.smallest(), Math.max(1e-9, spectrum.smallestError()));
    assertTrue(spectrum.smallestError() < 1e-4, "error " + spectrum.smallestError());
    assertTrue(spectrum.largest() <= 1 + 1e-14 && spectrum.smallest() >= -0.05 - 1e-14);
    assertEquals(SpectrumProbe.STEPS, spectrum.products());
    assertEquals(1, spectrum.probes());
    assertTrue(spectrum.indefinite(0.049));
    assertFalse(spectrum.indefinite(0.0501));
    assertFalse(spectrum.indefinite(0.05), "0 within the rounding of products is not negative");
  }

  @Test
  void largeMatricesGetFewerSteps() {
    double[] values = skewed(SpectrumProbe.LARGE + 1);
    Spectrum spectrum = new SpectrumProbe(new Diagonal(values), 42).spectrum();
    assertEquals(SpectrumProbe.STEPS_OF_LARGE, spectrum.products());
    assertEquals(1, spectrum.largest(), 1e-6);
  }

  @Test
  void estimatesTheDensity() {
    double[] values = new double[4096];
    Arrays.setAll(values, i -> (i + 0.5) / values.length); // uniform in (0, 1)
    Spectrum spectrum = new SpectrumProbe(new Diagonal(values), 42).spectrum();
    assertEquals(1, Arrays.stream(spectrum.weights()).sum(), 1e-12);
    double below = 0;
    double mean = 0;
    for (int i = 0; i < spectrum.nodes().length; i++) {
      below += spectrum.nodes()[i] < 0.3 ? spectrum.weights()[i] : 0;
      mean += spectrum.nodes()[i] * spectrum.weights()[i];
    }
    assertEquals(0.3, below, 0.04);
    assertEquals(0.5, mean, 1e-3); // signs give the trace of a diagonal matrix exactly
  }

  /** With a basis of all parameters the estimate is exact, here from many probes. */
  @Test
  void isExactWhereTheStepsSpanTheSpace() {
    double[] eigenvalues = {-2, -0.6, 0.1, 0.4, 0.5, 0.6, 0.7, 0.8, 1.5, 5};
    DenseMatrix h = DenseMatrix.withEigenvalues(1, eigenvalues);
    Spectrum spectrum = new SpectrumProbe(h, 1).spectrum();
    assertEquals(410, spectrum.probes());
    assertEquals(5, spectrum.largest(), 1e-12);
    assertEquals(-2, spectrum.smallest(), 1e-12);
    double trace = 0;
    for (int i = 0; i < spectrum.nodes().length; i++) {
      trace += 10 * spectrum.nodes()[i] * spectrum.weights()[i];
      double node = spectrum.nodes()[i];
      double nearest = Arrays.stream(eigenvalues).map(e -> Math.abs(e - node)).min().orElse(9);
      assertTrue(nearest < 1e-10, "no eigenvalue at " + node);
    }
    assertEquals(Arrays.stream(eigenvalues).sum(), trace, 0.5);
  }

  @Test
  void theLargestDoesNotDependOnWhatWasAskedBefore() {
    Diagonal h = new Diagonal(skewed(4096));
    SpectrumProbe first = new SpectrumProbe(h, 42);
    double alone = first.largest();
    int few = first.products();
    assertTrue(few < 15, "products " + few);
    assertEquals(1, alone, 1e-6);
    SpectrumProbe second = new SpectrumProbe(h, 42);
    second.spectrum();
    assertEquals(alone, second.largest());
    assertEquals(SpectrumProbe.STEPS, second.products());
    first.spectrum();
    assertEquals(SpectrumProbe.STEPS, first.products(), "it goes on");
    assertArrayEquals(first.spectrum().nodes(), second.spectrum().nodes());
    assertEquals(alone, first.largest());
  }

  /** Copies of what has converged, but the same extremes and the same weights. */
  @Test
  void withoutABasisTheDensityStays() {
    Diagonal h = new Diagonal(skewed(300));
    double[] v = new Random(8).doubles(300, -1, 1).toArray();
    Lanczos kept = new Lanczos(h, v, 120, true);
    Lanczos free = new Lanczos(h, v, 120, false);
    for (int k = 0; k < 120; k++) {
      assertTrue(kept.step() && free.step());
    }
    Lanczos.Ritz exact = kept.ritz(120);
    Lanczos.Ritz copies = free.ritz(120);
    assertEquals(exact.values()[119], copies.values()[119], 1e-12);
    assertEquals(exact.values()[0], copies.values()[0], 1e-12);
    assertTrue(copies.values()[118] > 0.99, "a copy of 1 was expected: " + copies.values()[118]);
    assertTrue(exact.values()[118] < 0.61, "no copy: " + exact.values()[118]);
    for (double x : new double[] {0, 0.01, 0.5, 0.9}) {
      assertEquals(above(exact, x), above(copies, x), 1e-6);
    }
  }

  private static double above(Lanczos.Ritz ritz, double x) {
    double sum = 0;
    for (int i = 0; i < ritz.values().length; i++) {
      sum += ritz.values()[i] > x ? ritz.weights()[i] : 0;
    }
    return sum;
  }

  @Test
  void endsWhereTheSpaceIsExhausted() {
    Spectrum zero = new SpectrumProbe(new Diagonal(new double[5000]), 1).spectrum();
    assertEquals(0, zero.largest());
    assertEquals(0, zero.smallest());
    assertEquals(1, zero.products());
    double[] two = new double[5000];
    Arrays.fill(two, 0, 9, 3);
    Spectrum spectrum = new SpectrumProbe(new Diagonal(two), 1).spectrum();
    assertEquals(2, spectrum.products());
    assertArrayEquals(new double[] {0, 3}, spectrum.nodes(), 1e-11); // sums of 5000
    assertArrayEquals(new double[] {0.9982, 0.0018}, spectrum.weights(), 1e-11);
    assertEquals(3, new SpectrumProbe(new Diagonal(two), 1).largest(), 1e-11);
  }

  @Test
  void productsThatAreNotFiniteAreRefused() {
    Diagonal h = new Diagonal(new double[] {1, Double.NaN});
    assertThrows(SolverException.class, () -> new SpectrumProbe(h, 1).spectrum());
    assertThrows(SolverException.class, () -> new SpectrumProbe(h, 1).largest());
  }
}
