// SPDX-License-Identifier: Apache-2.0
package dev.coppice.benchmarks.e2e;

import dev.coppice.benchmarks.Machine;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A command of {@code bin/coppice}, start of the Java machine included.
 *
 * @param name what was run
 * @param seconds median until its first event, or to its end
 * @param asked at most
 */
record WholeCommand(String name, double seconds, double asked) {
  private static final double FIRST_WORK = 1;
  private static final double LONG = 420;
  private static final int REPEATS = 3;

  static List<WholeCommand> measure(Settings settings, Machine machine, Path data, PrintStream out)
      throws IOException {
    List<WholeCommand> measured = new ArrayList<>();
    if (!settings.wants("commands")) {
      return measured;
    }
    Path work = Files.createDirectories(settings.work());
    String surrogate = work.resolve("command.safetensors").toString();
    String scores = work.resolve("command.csv").toString();
    List<String> train = command(settings, "train", "--data", data, "--out", surrogate);
    train.addAll(settings.commandBackend());
    List<String> influence =
        command(settings, "score", "influence", "--data", data, "--surrogate", surrogate);
    influence.addAll(List.of("--out", scores));
    influence.addAll(settings.commandBackend());
    machine.working(() -> run(with(train, "--epochs", "1", "--quiet"), false));
    machine.working(() -> run(with(influence, "--quiet"), false));
    measured.add(first("doctor", command(settings, "doctor"), machine));
    measured.add(first("train", with(train, "--epochs", "1", "--json"), machine));
    measured.add(first("score influence", with(influence, "--json"), machine));
    List<String> select = command(settings, "select", "--scores", scores, "--n", "100");
    select.addAll(List.of("--out", work.resolve("command.txt").toString(), "--json"));
    measured.add(first("select", select, machine));
    if (settings.wholeCommands()) {
      List<String> whole = with(train, "--epochs", "200", "--eval-every", "5");
      double seconds = machine.timing(() -> run(whole, false) + run(influence, false));
      measured.add(new WholeCommand("200 epochs and influence", seconds, LONG));
    }
    measured.forEach(
        row ->
            out.printf(
                Locale.ROOT,
                "%-40s %8.2f s, at most %.0f s asked%s%n",
                row.name,
                row.seconds,
                row.asked,
                row.seconds <= row.asked ? "" : ": MISSED"));
    return measured;
  }

  private static List<String> command(Settings settings, Object... arguments) {
    List<String> command = new ArrayList<>();
    command.add(settings.root().resolve("bin/coppice").toString());
    Arrays.stream(arguments).map(Object::toString).forEach(command::add);
    return command;
  }

  private static List<String> with(List<String> command, String... more) {
    List<String> longer = new ArrayList<>(command);
    longer.addAll(List.of(more));
    return longer;
  }

  private static WholeCommand first(String name, List<String> command, Machine machine)
      throws IOException {
    double[] seconds = new double[REPEATS];
    for (int i = 0; i < REPEATS; i++) {
      seconds[i] = machine.timing(() -> run(command, true));
    }
    Arrays.sort(seconds);
    return new WholeCommand("first work of " + name, seconds[REPEATS / 2], FIRST_WORK);
  }

  /** Seconds until the first line on stdout, which tells that inputs are read, or to the end. */
  private static double run(List<String> command, boolean toFirstLine) throws IOException {
    long start = System.nanoTime();
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    long first = 0;
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      while (lines.readLine() != null) {
        first = first == 0 ? System.nanoTime() : first;
      }
      if (process.waitFor() != 0) {
        throw new IOException(command + " ended with " + process.exitValue());
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    return ((toFirstLine ? first : System.nanoTime()) - start) * 1e-9;
  }
}
