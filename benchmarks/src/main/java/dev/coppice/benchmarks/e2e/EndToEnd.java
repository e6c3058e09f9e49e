// SPDX-License-Identifier: Apache-2.0
package dev.coppice.benchmarks.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coppice.backend.Backend;
import dev.coppice.backend.NativeBackend;
import dev.coppice.benchmarks.GeneratedData;
import dev.coppice.benchmarks.Machine;
import dev.coppice.model.SurrogateWeights;
import dev.coppice.score.InfluenceScorer;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/**
 * Times whole tasks of the engine and of the PyTorch programs in turn, in one run, compares their
 * results, and prints one table. Ends with 1 if a result is wrong, whatever the times.
 */
@CommandLine.Command(name = "run.sh", mixinStandardHelpOptions = true, sortOptions = false)
public final class EndToEnd implements Callable<Integer> {
  private static final int MISSING_ENVIRONMENT = 4;
  private static final double ALMOST_INFINITE = 1e6; // (H + lambda I)^-1 g is g / lambda then

  @CommandLine.Mixin private Settings settings;

  private final PrintStream out = System.out;
  private final Checks checks = new Checks();
  private final List<Measured> table = new ArrayList<>();
  private final List<Peer> peers = new ArrayList<>();

  private EndToEnd() {}

  /** Runs the benchmark; {@code --help} lists the options. */
  public static void main(String[] args) {
    System.exit(new CommandLine(new EndToEnd()).execute(args));
  }

  @Override
  public Integer call() throws IOException {
    try (Backend found = settings.open()) {
      System.err.println("backend " + found.name() + ": " + found.description());
    } catch (UnsupportedOperationException missing) {
      System.err.println("the backend is not available: " + missing.getMessage());
      return MISSING_ENVIRONMENT;
    }
    Machine machine = settings.machine();
    Exchange exchange = new Exchange(settings.work());
    Path data = data(machine);
    List<Peer.Kind> kinds = kinds();
    Report report = new Report(settings, machine, data);
    try (Ours ours = new Ours(data, settings.device(), settings.threads(), Ours.DROPOUT)) {
      report.backend(ours.description());
      List<Row> rows = machine.working(() -> rows(ours, exchange, kinds, data));
      report.peers(peers);
      out.println(Measured.heading(kinds));
      try {
        for (Row row : rows) {
          if (settings.wants(row.name())) {
            measure(row, kinds, machine);
          }
        }
      } finally {
        rows.forEach(Row::close);
      }
    } finally {
      for (Peer peer : peers) {
        peer.close();
      }
    }
    List<WholeCommand> commands = WholeCommand.measure(settings, machine, data, out);
    report.write(table, commands, checks);
    checks.failed().forEach(check -> out.println("WRONG " + check));
    out.printf("%d checks of results, %d failed%n", checks.all().size(), checks.failed().size());
    return checks.failed().isEmpty() ? 0 : 1;
  }

  /** The peers that can be started; the others are named. */
  private List<Peer.Kind> kinds() throws IOException {
    List<Peer.Kind> kinds = new ArrayList<>();
    Peer.Setup setup = settings.peers();
    for (Peer.Kind kind : settings.kinds()) {
      if (setup.available(kind)) {
        kinds.add(kind);
      } else {
        out.printf(
            "%s is left out: %s has no %s for %s; see benchmarks/peers/install.sh%n",
            kind.column, setup.python(), kind.needs, setup.device());
      }
    }
    return kinds;
  }

  private Path data(Machine machine) throws IOException {
    if (settings.data() != null) {
      return settings.data();
    }
    Path folder = settings.work().resolve("generated");
    return machine.working(
        () -> {
          GeneratedData.write(folder, settings.users(), settings.items(), Ours.SEED);
          return folder;
        });
  }

  /** Trains the surrogate that is scored, starts the peers, and compares a training exactly. */
  private List<Row> rows(Ours ours, Exchange exchange, List<Peer.Kind> kinds, Path data)
      throws IOException {
    TrainingRow training = new TrainingRow(ours);
    for (int epoch = 0; epoch < settings.surrogateEpochs(); epoch++) {
      training.train();
    }
    SurrogateWeights weights = ours.weights();
    Path surrogate = exchange.weights("surrogate.safetensors", weights);
    Path negatives = exchange.negatives("negatives.txt", ours.dataset, ours.samples);
    double[] q = solved(ours, weights, Ours.DAMPING);
    double[] g = solved(ours, weights, ALMOST_INFINITE);
    for (int i = 0; i < g.length; i++) {
      g[i] *= ALMOST_INFINITE;
    }
    Replay.check(exchange, settings, kinds, checks);
    for (Peer.Kind kind : kinds) {
      peers.add(new Peer(kind, settings.peers(), data, negatives, surrogate));
    }
    return List.of(
        training,
        new InfluenceRow(ours, weights, exchange, q),
        new LissaRow(ours, weights, exchange, g),
        new ExactRow(ours, weights, exchange, false, q),
        new ExactRow(ours, weights, exchange, true, q),
        new EvaluationRow(ours, weights));
  }

  private static double[] solved(Ours ours, SurrogateWeights weights, double damping) {
    try (InfluenceScorer scorer = ours.scorer(weights, Ours.cg(damping, Ours.TOLERANCE))) {
      return scorer.solve().q();
    }
  }

  /** Warms up, then alternates our side and each peer. */
  private void measure(Row row, List<Peer.Kind> kinds, Machine machine) throws IOException {
    boolean cpu = settings.device() == NativeBackend.Device.CPU;
    Measured measured = new Measured(row, cpu ? row.target() : Target.onGpu(row.name()));
    machine.working(() -> warmUp(row));
    int pairs = row.once() ? 1 : settings.pairs();
    for (int pair = 0; pair < pairs; pair++) {
      boolean met = false;
      for (Peer peer : peers) {
        if (row.has(peer.kind())) {
          met = true;
          timePair(row, peer, measured, machine);
        }
      }
      if (!met) {
        measured.ours(machine.timing(row::ours));
      }
    }
    row.checkAlone(checks);
    table.add(measured);
    out.println(measured.line(kinds, checks));
  }

  private Row warmUp(Row row) throws IOException {
    row.prepare();
    for (Peer peer : peers) {
      if (row.has(peer.kind())) {
        row.check(peer.kind(), peer.ask(row.request(peer.kind(), true)), checks);
      }
    }
    return row;
  }

  private void timePair(Row row, Peer peer, Measured measured, Machine machine) throws IOException {
    JsonNode answer =
        machine.timing(
            () -> {
              measured.ours(row.ours());
              return peer.ask(row.request(peer.kind(), false));
            });
    Run run = Run.of(answer);
    System.err.printf(
        Locale.ROOT,
        "%s: ours %.3f s, %s %.3f s%n",
        row.name(),
        measured.last().total(),
        peer.kind().column,
        run.total());
    measured.peer(peer.kind(), run);
    row.check(peer.kind(), answer, checks);
  }
}
