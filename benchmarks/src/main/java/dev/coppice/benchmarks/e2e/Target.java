// SPDX-License-Identifier: Apache-2.0
package dev.coppice.benchmarks.e2e;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What is asked of our side; 0: nothing.
 *
 * @param seconds at most, on the full data
 * @param published least ratio to (a)
 * @param tuned least ratio to (b)
 */
record Target(double seconds, double published, double tuned) {
  /** What is asked of a task on a GPU; of most nothing yet. */
  static Target onGpu(String row) {
    return new Target(row.equals("lissa") ? 0.2 : 0, 0, 0); // 5,000 steps of 40 us
  }

  /** What is missed; empty if all is met or nothing known. */
  List<String> missed(double ours, double a, double b) {
    List<String> missed = new ArrayList<>();
    if (seconds > 0 && !(ours <= seconds)) {
      missed.add("seconds");
    }
    if (published > 0 && a > 0 && !(a / ours >= published)) {
      missed.add("(a)");
    }
    if (tuned > 0 && b > 0 && !(b / ours >= tuned)) {
      missed.add("(b)");
    }
    return missed;
  }

  @Override
  public String toString() {
    List<String> parts = new ArrayList<>();
    if (seconds > 0) {
      parts.add(String.format(Locale.ROOT, "<= %.1f s", seconds));
    }
    if (published > 0) {
      parts.add(String.format(Locale.ROOT, ">= %.0fx (a)", published));
    }
    if (tuned > 0) {
      parts.add(String.format(Locale.ROOT, ">= %.0fx (b)", tuned));
    }
    return String.join(", ", parts);
  }
}
