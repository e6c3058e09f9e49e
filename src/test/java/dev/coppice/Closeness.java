// SPDX-License-Identifier: Apache-2.0
package dev.coppice;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

/** Comparison of whole tensors, in the form that NaN fails. */
public final class Closeness {
  private Closeness() {}

  /** Fails unless {@code max|actual - expected| <= tolerance * max|expected|}. */
  public static void assertClose(
      String what, double[] expected, double[] actual, double tolerance) {
    double error = error(expected, actual);
    if (!(error <= tolerance)) {
      fail(what + ": relative error " + error + " exceeds " + tolerance);
    }
  }

  /** {@code max|actual - expected| / max|expected|}; NaN if a number is. */
  public static double error(double[] expected, double[] actual) {
    assertEquals(expected.length, actual.length, "number of values");
    double largest = 0;
    double error = 0;
    for (int i = 0; i < expected.length; i++) {
      largest = Math.max(largest, Math.abs(expected[i]));
      error = Math.max(error, Math.abs(actual[i] - expected[i])); // Math.max keeps NaN
    }
    return error == 0 ? 0 : error / largest;
  }
}
