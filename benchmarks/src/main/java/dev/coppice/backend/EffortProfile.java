// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import dev.coppice.data.SharedPrefix;
import dev.coppice.data.TokenSample;
import dev.coppice.io.HfCheckpoint;
import dev.coppice.io.SamplesFile;
import dev.coppice.pipeline.CheckpointWeights;
import dev.coppice.score.EffortConfig;
import dev.coppice.score.EffortParams;
import dev.coppice.score.EffortScorer;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/**
 * Where the time of an effort pass goes: seconds, calls and rate of each operation, the share of
 * matrix products, and their share of the machine's measured rate.
 */
@CommandLine.Command(name = "profile.sh", mixinStandardHelpOptions = true, sortOptions = false)
public final class EffortProfile implements Callable<Integer> {
  /** Products this thin are those of adapters. */
  private static final int THIN = 64;

  @Option(names = "--llm", required = true, description = "checkpoint folder")
  private Path llm;

  @Option(names = "--adapter", description = "adapter folder")
  private Path adapter;

  @Option(names = "--samples", required = true, description = "tokenised samples")
  private Path samples;

  @Option(names = "--shared-prefix", defaultValue = "auto", description = "or off")
  private String sharing;

  @Option(names = "--params", defaultValue = "last-v-lora-b", description = "or all-lora")
  private String params;

  @Option(names = "--threads", defaultValue = "2", description = "of the cpu")
  private int threads;

  private final PrintStream out = System.out;

  /** Runs the profile. */
  public static void main(String[] args) {
    System.exit(new CommandLine(new EffortProfile()).execute(args));
  }

  @Override
  public Integer call() throws IOException {
    Rates rates = Rates.measured(NativeBackend.Device.CPU, threads);
    List<TokenSample> tokens =
        SamplesFile.read(samples).stream().map(TokenSample.class::cast).toList();
    HfCheckpoint checkpoint = HfCheckpoint.open(llm, Optional.ofNullable(adapter));
    int cutoff = tokens.stream().mapToInt(TokenSample::length).max().orElse(2);
    EffortConfig config =
        new EffortConfig(EffortParams.of(params), cutoff, 8L << 30, 42)
            .with(sharing.equals("off") ? SharedPrefix.NONE : SharedPrefix.of(tokens));
    try (Backend backend = new NativeBackend(NativeBackend.Device.CPU, threads)) {
      TimedOperations operations = new TimedOperations(backend, 1, EffortProfile::name);
      Backend watched = operations.watched();
      try (CheckpointWeights weights = new CheckpointWeights(backend, checkpoint);
          EffortScorer scorer =
              new EffortScorer(
                  watched,
                  checkpoint.config(),
                  checkpoint.lora(),
                  weights.model(),
                  weights.adapter(),
                  config)) {
        scorer.score(tokens.subList(0, Math.min(4, tokens.size()))); // pages of the weights
        operations.clear();
        long begin = System.nanoTime();
        scorer.score(tokens);
        double seconds = (System.nanoTime() - begin) * 1e-9;
        int positions = tokens.stream().mapToInt(TokenSample::length).sum();
        print(TimedOperations.byName(operations.parts()), positions, seconds, rates);
      }
    }
    return 0;
  }

  /** Products whose inner or outer width is that of an adapter have a name of their own. */
  private static String name(String method, Object[] args) {
    boolean thin =
        method.equals("gemm") && Math.min(OpCosts.inner(args), ((Tensor) args[6]).dim(1)) <= THIN;
    return thin ? "gemm of adapters" : method;
  }

  private void print(List<TimedOperations.Sum> sums, int tokens, double seconds, Rates rates) {
    out.printf(
        Locale.ROOT, "%,d tokens in %.2f s, %.0f a second%n", tokens, seconds, tokens / seconds);
    out.printf(
        Locale.ROOT,
        "product of order 2048: OpenBLAS %.1f GFLOP/s, own %.1f%n",
        rates.openblasFlops() * 1e-9,
        rates.ownFlops() * 1e-9);
    out.printf("%-22s %8s %9s %7s %10s%n", "operation", "calls", "seconds", "share", "GFLOP/s");
    double products = 0;
    double flops = 0;
    double all = 0;
    for (TimedOperations.Sum sum : sums) {
      row(sum.name(), sum.calls(), sum.seconds(), seconds, sum.flops());
      boolean product = sum.name().startsWith("gemm");
      products += product ? sum.seconds() : 0;
      flops += product ? sum.flops() : 0;
      all += sum.seconds();
    }
    row("outside operations", 0, seconds - all, seconds, 0);
    row("products together", 0, products, seconds, flops);
    out.printf(
        Locale.ROOT,
        "products: %.1f%% of the time, at %.1f%% of the machine's rate%n",
        100 * products / seconds,
        100 * flops / products / rates.flops());
  }

  private void row(String name, long calls, double seconds, double all, double flops) {
    out.printf(
        Locale.ROOT,
        "%-22s %8s %9.3f %6.1f%% %10s%n",
        name,
        calls > 0 ? String.format(Locale.ROOT, "%,d", calls) : "",
        seconds,
        100 * seconds / all,
        flops > 0 ? String.format(Locale.ROOT, "%.1f", flops / seconds * 1e-9) : "");
  }
}
