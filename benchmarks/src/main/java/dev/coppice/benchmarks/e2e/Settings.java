// SPDX-License-Identifier: Apache-2.0
package dev.coppice.benchmarks.e2e;

import dev.coppice.backend.Backend;
import dev.coppice.backend.NativeBackend;
import dev.coppice.benchmarks.GeneratedData;
import dev.coppice.benchmarks.Machine;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Options of the end-to-end benchmark. */
final class Settings {
  @Parameters(
      arity = "0..1",
      paramLabel = "DATA",
      description = "data folder; absent: a generated one of 49,156 users and 17,332 items")
  private Path data;

  @Option(names = "--pairs", defaultValue = "5", description = "timings of each side")
  private int pairs;

  @Option(names = "--rows", split = ",", description = "tasks, by the names in the table")
  private List<String> rows = List.of();

  @Option(
      names = "--peers",
      split = ",",
      defaultValue = "published,tuned,tuned1",
      description = "of published, tuned, tuned1 and vmap those that are timed, or none")
  private List<String> peers;

  @Option(names = "--python", defaultValue = "/usr/bin/python3", description = "with torch")
  private String python;

  @Option(
      names = "--one-blas-thread",
      description =
          "of (a) and (b) too; as installed, PyTorch has its own threads and those of OpenBLAS"
              + " fight for the cores")
  private boolean oneBlasThread;

  @Option(names = "--threads", defaultValue = "2", description = "of every side")
  private int threads;

  @Option(names = "--backend", defaultValue = "cpu", description = "of every side: cpu or cuda")
  private String backend;

  @Option(names = "--smoke", description = "a small data set, one pair: does it all work?")
  private boolean smoke;

  @Option(names = "--long", description = "also 200 epochs and influence by commands, minutes")
  private boolean wholeCommands;

  @Option(
      names = "--while-timing",
      split = " ",
      paramLabel = "CMD",
      description = "runs its arguments when the machine is free, as `flock FILE` does")
  private List<String> whileTiming = List.of();

  @Option(
      names = "--while-working",
      split = " ",
      paramLabel = "CMD",
      description = "the same around work that is not timed")
  private List<String> whileWorking = List.of();

  @Option(
      names = "--work",
      paramLabel = "DIR",
      description = "for files between runs (target/ of the checkout)")
  private Path work;

  @Option(names = "--results", paramLabel = "DIR", description = "(benchmarks/results)")
  private Path results;

  @Option(names = "--root", required = true, hidden = true)
  private Path root;

  @Option(names = "--commit", defaultValue = "unknown", hidden = true)
  private String commit;

  @Option(names = "--command", defaultValue = "", hidden = true)
  private String command;

  Path data() {
    return data;
  }

  Path root() {
    return root;
  }

  String commit() {
    return commit;
  }

  String command() {
    return command;
  }

  boolean smoke() {
    return smoke;
  }

  boolean wholeCommands() {
    return wholeCommands;
  }

  int threads() {
    return threads;
  }

  /** The option of the commands. */
  List<String> commandBackend() {
    return List.of("--backend", backend.toLowerCase(Locale.ROOT));
  }

  /** Opens what the engine computes on. */
  Backend open() {
    return Ours.open(device(), threads);
  }

  /** What the engine computes on. */
  NativeBackend.Device device() {
    return NativeBackend.Device.valueOf(backend.toUpperCase(Locale.ROOT));
  }

  int pairs() {
    return smoke ? 1 : pairs;
  }

  int users() {
    return smoke ? 2000 : GeneratedData.USERS;
  }

  int items() {
    return smoke ? 1000 : GeneratedData.ITEMS;
  }

  int surrogateEpochs() {
    return smoke ? 2 : 10;
  }

  boolean wants(String row) {
    return rows.isEmpty() || rows.contains(row);
  }

  /** Where files between runs lie. */
  Path work() {
    Path parent = work == null ? root.resolve("target") : work.toAbsolutePath();
    return parent.resolve(smoke ? "e2e-smoke" : "e2e");
  }

  /** Where the result goes. */
  Path results() {
    if (results != null) {
      return results;
    }
    return smoke ? work() : root.resolve("benchmarks/results");
  }

  Machine machine() {
    return new Machine(whileWorking, whileTiming);
  }

  List<Peer.Kind> kinds() {
    return List.of(Peer.Kind.values()).stream()
        .filter(kind -> peers.contains(kind.label()))
        .toList();
  }

  Peer.Setup peers() {
    Path programs = root.resolve("benchmarks/peers");
    return new Peer.Setup(
        python, programs, threads, backend.toLowerCase(Locale.ROOT), oneBlasThread);
  }
}
