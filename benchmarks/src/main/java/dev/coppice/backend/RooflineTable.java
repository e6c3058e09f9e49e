// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Prints the time of a task operation by operation, and the share of two rooflines in it. */
public final class RooflineTable {
  private static final String ROW = "%-34s %9s %9.4f %6.1f%% %9.3f %9.3f %9.4f %6s %9.4f %6s%n";

  private final PrintStream out;
  private final int threads;
  private Rooflines rooflines;

  /**
   * Measures the machine, which takes some seconds.
   *
   * @param threads of the tasks
   */
  public RooflineTable(PrintStream out, int threads) {
    this.out = out;
    this.threads = threads;
    rooflines = Rooflines.measured(threads);
  }

  /** Measures the machine once more, as others may have used it, and prints the better rates. */
  public void heading() {
    rooflines = rooflines.better(Rooflines.measured(threads));
    Rates rates = rooflines.rates();
    print(
        "%d threads; product of order 2048: OpenBLAS %.1f GFLOP/s, own %.1f; copy beyond the caches"
            + " %.1f GB/s,%nwithin so many KiB a thread:",
        threads, rates.openblasFlops() * 1e-9, rates.ownFlops() * 1e-9, rates.copyBytes() * 1e-9);
    for (int size = Rooflines.FIRST; size <= Rooflines.LAST; size++) {
      print(" %d: %.0f", 1 << (size - 10), rooflines.copyBytes(size) * 1e-9);
    }
    print("%n");
  }

  /**
   * Prints a task that was run once.
   *
   * @param task what it is
   * @param operations on all threads while it was watched
   * @param watched seconds while watched
   * @param untouched seconds when not
   */
  public void print(
      String task,
      Map<TimedOperations.Part, TimedOperations.Sum> operations,
      double watched,
      double untouched) {
    print(
        "%n%s: untouched %.4f s; watched %.4f s, %.1f%% longer%n",
        task, untouched, watched, 100 * (watched / untouched - 1));
    print(
        "%-34s %9s %9s %7s %9s %9s %16s %16s%n",
        "", "", "thread-", "", "", "", "roofline beyond", "roofline within");
    print(
        "%-34s %9s %9s %7s %9s %9s %16s %16s%n",
        "operation", "calls", "seconds", "share", "GFLOP", "GB", "caches", "caches");
    double all = watched * threads;
    List<Row> rows =
        TimedOperations.byName(operations).stream().map(sum -> row(operations, sum)).toList();
    double inside = rows.stream().mapToDouble(row -> row.sum.seconds()).sum();
    double flops = rows.stream().mapToDouble(row -> row.sum.flops()).sum();
    double bytes = rows.stream().mapToDouble(row -> row.sum.bytes()).sum();
    for (Row row : rows) {
      line(row.sum, all, row.far, row.near);
    }
    line(sum("outside operations", untouched * threads - inside), all, 0, 0);
    line(sum("watching", (watched - untouched) * threads), all, 0, 0);
    double far = rows.stream().mapToDouble(Row::far).sum();
    double near = rows.stream().mapToDouble(Row::near).sum();
    line(new TimedOperations.Sum("all", 0, all, flops, bytes), all, far, near);
    print(
        "share of the roofline in the untouched time: %.1f%% beyond the caches, %.1f%% within;"
            + " no operation%ncounted above its own time: %.1f%%, %.1f%%%n",
        100 * far / untouched / threads,
        100 * near / untouched / threads,
        100 * rows.stream().mapToDouble(row -> row.own(row.far)).sum() / untouched / threads,
        100 * rows.stream().mapToDouble(row -> row.own(row.near)).sum() / untouched / threads);
  }

  /** Thread-seconds of an operation's rooflines. */
  private record Row(TimedOperations.Sum sum, double far, double near) {
    double own(double roofline) {
      return Math.min(roofline, sum.seconds());
    }
  }

  private Row row(
      Map<TimedOperations.Part, TimedOperations.Sum> operations, TimedOperations.Sum sum) {
    if (!OpCosts.counts(sum.method())) {
      throw new IllegalStateException("OpCosts does not count " + sum.method());
    }
    double near =
        operations.entrySet().stream()
            .filter(part -> part.getKey().name().equals(sum.name()))
            .mapToDouble(part -> rooflines.inCaches(part.getKey(), part.getValue()))
            .sum();
    return new Row(sum, rooflines.beyondCaches(sum), near);
  }

  private static TimedOperations.Sum sum(String name, double seconds) {
    return new TimedOperations.Sum(name, 0, seconds, 0, 0);
  }

  private void line(TimedOperations.Sum sum, double all, double far, double near) {
    print(
        ROW,
        sum.name(),
        sum.calls() == 0 ? "" : String.format(Locale.ROOT, "%,d", sum.calls()),
        sum.seconds(),
        100 * sum.seconds() / all,
        sum.flops() * 1e-9,
        sum.bytes() * 1e-9,
        far,
        percent(far / sum.seconds()),
        near,
        percent(near / sum.seconds()));
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.0f%%", 100 * share);
  }

  private void print(String format, Object... values) {
    out.printf(Locale.ROOT, format, values);
  }
}
