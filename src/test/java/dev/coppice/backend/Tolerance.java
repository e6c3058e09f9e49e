// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.Arrays;

/** Comparisons in the form in which NaN fails. */
final class Tolerance {
  private Tolerance() {}

  /** {@code |actual[i] - expected[i]| <= bound[i]} for each i. */
  static void assertWithin(String what, double[] expected, double[] actual, double[] bound) {
    assertEquals(expected.length, actual.length, what);
    assertEquals(expected.length, bound.length, what);
    for (int i = 0; i < expected.length; i++) {
      double error = Math.abs(actual[i] - expected[i]);
      if (!(error <= bound[i])) {
        fail(
            String.format(
                "%s[%d]: expected %.9g, got %.9g: error %.3g exceeds %.3g",
                what, i, expected[i], actual[i], error, bound[i]));
      }
    }
  }

  /** {@code max|actual - expected| <= tolerance max|expected|}. */
  static void assertClose(String what, double[] expected, double[] actual, double tolerance) {
    double largest = 0;
    for (double value : expected) {
      largest = Math.max(largest, Math.abs(value));
    }
    double[] bound = new double[expected.length];
    Arrays.fill(bound, tolerance * largest);
    assertWithin(what, expected, actual, bound);
  }

  static void assertSameBits(String what, double[] expected, double[] actual) {
    assertEquals(expected.length, actual.length, what);
    for (int i = 0; i < expected.length; i++) {
      if (Double.doubleToLongBits(expected[i]) != Double.doubleToLongBits(actual[i])) {
        fail(String.format("%s[%d]: bits differ: %.17g, %.17g", what, i, expected[i], actual[i]));
      }
    }
  }
}
