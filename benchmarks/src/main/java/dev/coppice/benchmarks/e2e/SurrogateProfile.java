// SPDX-License-Identifier: Apache-2.0
package dev.coppice.benchmarks.e2e;

import dev.coppice.backend.Dropout;
import dev.coppice.backend.NativeBackend;
import dev.coppice.backend.RooflineTable;
import dev.coppice.backend.TimedOperations;
import dev.coppice.benchmarks.GeneratedData;
import dev.coppice.data.InputException;
import dev.coppice.model.SurrogateWeights;
import dev.coppice.score.InfluenceBatch;
import dev.coppice.score.InfluenceConfig;
import dev.coppice.score.InfluenceScorer;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Where the time of influence given q, or of an epoch, goes: calls and seconds of each operation on
 * all lanes, and how near they come to the roofline. An operation's roofline is the longer of two
 * times: its floating-point operations at the rate of the machine's best large matrix product, and
 * its bytes at the rate of a copy, beyond all caches or within the smallest one that holds them;
 * nothing outside operations has one. Ends with 1 if watching changes a bit of the results.
 */
@CommandLine.Command(
    name = "profile.sh",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Where the time of influence given q, or of an epoch, goes, operation by operation.",
      "An operation's roofline is the longer of two times: its floating-point operations at the rate"
          + " of the machine's best large matrix product, and its bytes at the rate of a copy, beyond"
          + " all caches or within the smallest one that holds them. What is outside operations has"
          + " none, so the sum of the rooflines over the time of the task is the share that the task"
          + " reaches."
    })
public final class SurrogateProfile implements Callable<Integer> {
  /** What is profiled. */
  enum Task {
    INFLUENCE,
    EPOCH
  }

  @Parameters(arity = "0..1", paramLabel = "DATA", description = "data folder")
  private Path data;

  @Option(names = "--task", description = "influence or epoch; default both")
  private Task task;

  @Option(names = "--threads", defaultValue = "2", description = "(2)")
  private int threads;

  @Option(names = "--epochs", defaultValue = "3", description = "untimed ones before (3)")
  private int epochs;

  @Option(names = "--runs", defaultValue = "7", description = "of either kind in turn (7)")
  private int runs;

  @Option(
      names = "--smoke",
      description = "a small generated data set; do the sums over lanes miss nothing?")
  private boolean smoke;

  @Option(names = "--root", required = true, hidden = true)
  private Path root;

  @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

  private final PrintStream out = System.out;
  private int failures;

  private SurrogateProfile() {}

  /** Runs the profile; {@code --help} lists the options. */
  public static void main(String[] args) {
    CommandLine line = new CommandLine(new SurrogateProfile());
    System.exit(line.setCaseInsensitiveEnumValuesAllowed(true).execute(args));
  }

  @Override
  public Integer call() throws IOException {
    if ((data == null) != smoke || threads < 1 || epochs < 0 || runs < 1) {
      throw wrongUsage("give DATA or --smoke, --threads and --runs from 1 on, --epochs from 0 on");
    }
    if (smoke) {
      data = root.resolve("target/profile-smoke");
      GeneratedData.write(data, 2000, 1000, Ours.SEED);
      runs = 1;
    }
    try {
      return profile();
    } catch (InputException unreadable) {
      throw wrongUsage(unreadable.getMessage());
    }
  }

  private CommandLine.ParameterException wrongUsage(String what) {
    return new CommandLine.ParameterException(spec.commandLine(), what);
  }

  private int profile() {
    RooflineTable table = new RooflineTable(out, threads);
    List<Profile> profiles = profiles(threads);
    table.heading();
    profiles.forEach(profile -> profile.print(table));
    if (smoke && !flops(profiles).equals(flops(profiles(1)))) {
      wrong("floating-point operations, summed over lanes, are not those of one thread");
    }
    return failures == 0 ? 0 : 1;
  }

  private void wrong(String what) {
    failures++;
    out.println("WRONG " + what);
  }

  /**
   * What was seen of a task.
   *
   * @param untouched seconds, their median
   * @param watched the run whose seconds are the median
   */
  private record Profile(String task, double untouched, Watched watched) {
    void print(RooflineTable table) {
      table.print(task, watched.operations, watched.seconds, untouched);
    }
  }

  private record Watched(
      double seconds, Map<TimedOperations.Part, TimedOperations.Sum> operations) {
    /** Of all threads. */
    double operationSeconds() {
      return operations.values().stream().mapToDouble(TimedOperations.Sum::seconds).sum();
    }
  }

  /** Floating-point operations by name, of each task. */
  private static List<Map<String, Double>> flops(List<Profile> profiles) {
    return profiles.stream()
        .map(
            profile ->
                TimedOperations.byName(profile.watched.operations).stream()
                    .collect(
                        Collectors.toMap(TimedOperations.Sum::name, TimedOperations.Sum::flops)))
        .toList();
  }

  /** Of the tasks that are asked for, by two engines that do the same, one of them watched. */
  private List<Profile> profiles(int lanes) {
    NativeBackend backend = new NativeBackend(NativeBackend.Device.CPU, lanes);
    TimedOperations operations = new TimedOperations(backend, lanes, SurrogateProfile::name);
    List<Profile> profiles = new ArrayList<>();
    try (Ours plain = new Ours(data, NativeBackend.Device.CPU, lanes, Ours.DROPOUT);
        Ours watched = new Ours(data, operations.watched(), Ours.DROPOUT)) {
      for (int epoch = 0; epoch < epochs; epoch++) {
        compare(Task.EPOCH, epoch(plain), epoch(watched));
      }
      for (Task each : task == null ? Task.values() : new Task[] {task}) {
        Function<Ours, double[]> work =
            each == Task.EPOCH ? SurrogateProfile::epoch : influence(plain);
        Profile profile = profile(each, work, plain, watched, operations);
        if (!(profile.watched.operationSeconds() <= lanes * profile.watched.seconds)) {
          wrong(profile.task + ": operations took longer than all threads together");
        }
        profiles.add(profile);
      }
    }
    return profiles;
  }

  /** Calls with dropout and products of a transposed matrix have names of their own. */
  private static String name(String method, Object[] args) {
    if (method.equals("gemm")) {
      return (boolean) args[0] ? "gemm a^T" : method;
    }
    if (method.equals("dropoutForward")) {
      return method;
    }
    for (Object arg : args) {
      if (arg instanceof Dropout mask && mask.rate() > 0) {
        return method + " dropout";
      }
    }
    return method;
  }

  private static double[] epoch(Ours ours) {
    return new double[] {ours.trainEpoch()};
  }

  /** From weights and q to the numbers of all samples, as the comparison with PyTorch times it. */
  private static Function<Ours, double[]> influence(Ours trained) {
    SurrogateWeights weights = trained.weights();
    InfluenceConfig how = Ours.cg(Ours.DAMPING, Ours.TOLERANCE);
    double[] q;
    try (InfluenceScorer scorer = trained.scorer(weights, how)) {
      q = scorer.solve().q();
    }
    return ours -> {
      try (InfluenceScorer scorer = ours.scorer(weights, how)) {
        scorer.use(q);
        InfluenceBatch scores = scorer.score(ours.samples.scorable());
        return together(scores.influence(), scores.loss(), scores.gradNorm());
      }
    };
  }

  /** Arrays of one length, one after the other; no stream, as this is timed. */
  private static double[] together(double[]... arrays) {
    int length = arrays[0].length;
    double[] all = new double[arrays.length * length];
    for (int i = 0; i < arrays.length; i++) {
      System.arraycopy(arrays[i], 0, all, i * length, length);
    }
    return all;
  }

  private Profile profile(
      Task each,
      Function<Ours, double[]> work,
      Ours plain,
      Ours watched,
      TimedOperations operations) {
    compare(each, work.apply(plain), work.apply(watched)); // warms up
    double[] untouched = new double[runs];
    List<Watched> seen = new ArrayList<>();
    for (int run = 0; run < runs; run++) {
      long begin = System.nanoTime();
      double[] expected = work.apply(plain);
      untouched[run] = (System.nanoTime() - begin) * 1e-9;
      operations.clear();
      begin = System.nanoTime();
      double[] actual = work.apply(watched);
      seen.add(new Watched((System.nanoTime() - begin) * 1e-9, operations.parts()));
      compare(each, expected, actual);
    }
    Arrays.sort(untouched);
    seen.sort(Comparator.comparingDouble(Watched::seconds));
    String what =
        String.format(
            Locale.ROOT,
            "%s of %,d samples, median of %d",
            each == Task.EPOCH ? "an epoch" : "influence given q",
            plain.samples.scorable().length,
            runs);
    return new Profile(what, untouched[runs / 2], seen.get(runs / 2));
  }

  /** Every number must be the same, bit for bit, and finite. */
  private void compare(Task what, double[] expected, double[] actual) {
    if (!Arrays.equals(expected, actual) || !Arrays.stream(actual).allMatch(Double::isFinite)) {
      wrong(what.name().toLowerCase(Locale.ROOT) + " differs when it is watched, or is not finite");
    }
  }
}
