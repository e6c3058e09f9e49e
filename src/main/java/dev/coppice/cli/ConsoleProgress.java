// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import dev.coppice.pipeline.Progress;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Progress for people on stderr: a bar on a terminal, else a line every few seconds. */
final class ConsoleProgress implements Progress {
  private static final long FIRST_NANOS = 2_000_000_000L;
  private static final long INTERVAL_NANOS = 5_000_000_000L;
  private static final int BAR_WIDTH = 100;

  private final PrintStream err;
  private final boolean terminal;
  private final LongSupplier nanos;

  ConsoleProgress(PrintStream err, boolean terminal, LongSupplier nanos) {
    this.err = err;
    this.terminal = terminal;
    this.nanos = nanos;
  }

  @Override
  public void message(String text) {
    err.println(text);
  }

  @Override
  public void event(String name, Map<String, ?> facts) {}

  @Override
  public Task start(String name, long done, long total, String unit) {
    return terminal ? new Bar(err, name, done, total, unit) : new Lines(name, done, total, unit);
  }

  private static final class Bar implements Task {
    private final ProgressBar bar;

    Bar(PrintStream err, String name, long done, long total, String unit) {
      bar =
          new ProgressBarBuilder()
              .setTaskName(name)
              .setInitialMax(total)
              .startsFrom(done, Duration.ZERO)
              .setUnit(" " + unit, 1)
              .setStyle(ProgressBarStyle.ASCII)
              .setUpdateIntervalMillis(200)
              .setConsumer(new ConsoleProgressBarConsumer(err, BAR_WIDTH))
              .showSpeed()
              .build();
    }

    @Override
    public void advance(long units, String note) {
      bar.setExtraMessage(note).stepBy(units);
    }

    @Override
    public void close() {
      bar.close();
    }
  }

  private final class Lines implements Task {
    private final String name;
    private final long first;
    private final long total;
    private final String unit;
    private final long started = nanos.getAsLong();
    private long done;
    private long due = started + FIRST_NANOS;

    Lines(String name, long done, long total, String unit) {
      this.name = name;
      this.first = done;
      this.done = done;
      this.total = total;
      this.unit = unit;
    }

    @Override
    public void advance(long units, String note) {
      done += units;
      long now = nanos.getAsLong();
      if (now >= due) {
        due = now + INTERVAL_NANOS;
        err.println(line(now, note));
      }
    }

    private String line(long now, String note) {
      double rate = (done - first) / ((now - started) * 1e-9);
      String eta = rate > 0 ? duration(Math.round((total - done) / rate)) : "unknown";
      return String.format(
          Locale.ROOT,
          "%s: %d of %d %s, %.3g %s/s, %s left%s",
          name,
          done,
          total,
          unit,
          rate,
          unit,
          eta,
          note.isEmpty() ? "" : ", " + note);
    }

    @Override
    public void close() {}
  }

  private static String duration(long seconds) {
    return seconds < 3600
        ? String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60)
        : String.format(
            Locale.ROOT, "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
  }
}
