// SPDX-License-Identifier: Apache-2.0
package dev.coppice.benchmarks.e2e;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Comparisons of results; one that fails makes the whole run fail. */
final class Checks {
  /** One comparison; it holds if the error is within the bound, so not if it is NaN. */
  record Check(String row, String what, double error, double bound) {
    boolean holds() {
      return error <= bound;
    }

    @Override
    public String toString() {
      return String.format(Locale.ROOT, "%s: %s: %.2g, at most %.2g", row, what, error, bound);
    }
  }

  private final List<Check> all = new ArrayList<>();

  /** Largest difference relative to the largest expected magnitude. */
  void close(String row, String what, double[] actual, double[] expected, double bound) {
    double difference = actual.length == expected.length ? 0 : Double.NaN;
    double magnitude = 0;
    for (int i = 0; i < Math.min(actual.length, expected.length); i++) {
      difference = Math.max(difference, Math.abs(actual[i] - expected[i])); // keeps NaN
      magnitude = Math.max(magnitude, Math.abs(expected[i]));
    }
    within(row, what, difference / magnitude, bound);
  }

  void within(String row, String what, double error, double bound) {
    all.add(new Check(row, what, error, bound));
  }

  List<Check> all() {
    return all;
  }

  List<Check> failed() {
    return all.stream().filter(check -> !check.holds()).toList();
  }

  /** Whether the checks of a row hold, of which there must be one. */
  boolean hold(String row) {
    List<Check> its = all.stream().filter(check -> check.row.equals(row)).toList();
    return !its.isEmpty() && its.stream().allMatch(Check::holds);
  }
}
