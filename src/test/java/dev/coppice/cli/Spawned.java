// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The program in a process of its own, whose output goes to files. */
final class Spawned implements AutoCloseable {
  private static final long PATIENCE_SECONDS = 120;
  private static final List<String> QUICK =
      List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Xmx512m");

  private final Process process;
  private final Path out;
  private final Path err;

  private Spawned(Process process, Path out, Path err) {
    this.process = process;
    this.out = out;
    this.err = err;
  }

  /** Starts the program. */
  static Spawned start(Path folder, List<String> args) throws IOException {
    return start(folder, args, Map.of());
  }

  /** Starts the program with some variables of its environment set. */
  static Spawned start(Path folder, List<String> args, Map<String, String> environment)
      throws IOException {
    return start(folder, QUICK, args, environment);
  }

  /** Starts the program in a Java machine as users have it. */
  static Spawned startAsLaunched(Path folder, List<String> args) throws IOException {
    return start(folder, List.of("@scripts/java.options"), args, Map.of());
  }

  private static Spawned start(
      Path folder, List<String> options, List<String> args, Map<String, String> environment)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(Main.class.getName());
    command.addAll(args);
    Path out = Files.createTempFile(folder, "out", ".txt");
    Path err = Files.createTempFile(folder, "err", ".txt");
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    Process process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    return new Spawned(process, out, err);
  }

  /** Sends SIGKILL: nothing in the process gets to know. */
  void kill() throws InterruptedException {
    process.destroyForcibly();
    process.waitFor();
  }

  /** Sends SIGTERM. */
  void terminate() {
    process.destroy();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** Waits for the end, but no longer than this; whether it is there. */
  boolean endsWithin(long millis) throws InterruptedException {
    return process.waitFor(millis, TimeUnit.MILLISECONDS);
  }

  long pid() {
    return process.pid();
  }

  /** Waits for the end; the exit code. */
  int join() throws InterruptedException {
    assertTrue(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS), "it does not end");
    return process.exitValue();
  }

  String out() throws IOException {
    return Files.readString(out);
  }

  String err() throws IOException {
    return Files.readString(err);
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
