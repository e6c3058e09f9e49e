// SPDX-License-Identifier: Apache-2.0
package dev.coppice.benchmarks.weights;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.NativeBackend;
import dev.coppice.backend.Tensor;
import dev.coppice.backend.Workspace;
import dev.coppice.data.SharedPrefix;
import dev.coppice.data.TokenSample;
import dev.coppice.io.HfCheckpoint;
import dev.coppice.io.SamplesFile;
import dev.coppice.model.WeightSource;
import dev.coppice.pipeline.CheckpointWeights;
import dev.coppice.score.EffortBatch;
import dev.coppice.score.EffortConfig;
import dev.coppice.score.EffortParams;
import dev.coppice.score.EffortScorer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What mapping a model's weights costs: the same pass, in turn, with weights in mapped files that
 * stay, in mapped files that are given back layer by layer, and in memory of the process. The
 * scores must be the same bits.
 */
public final class WeightsInMemory {
  private static final int CUTOFF = 512;
  private static final long MUCH = 8L << 30;

  private WeightsInMemory() {}

  /** One way to hold the weights. */
  private record Side(String name, EffortScorer scorer, double[] seconds) {}

  /** Runs: checkpoint folder, file of tokenised samples, rounds, threads. */
  public static void main(String[] args) {
    int rounds = args.length > 2 ? Integer.parseInt(args[2]) : 3;
    int threads =
        args.length > 3 ? Integer.parseInt(args[3]) : Runtime.getRuntime().availableProcessors();
    HfCheckpoint checkpoint = HfCheckpoint.open(Path.of(args[0]), Optional.empty());
    List<TokenSample> samples =
        SamplesFile.read(Path.of(args[1])).stream().map(TokenSample.class::cast).toList();
    EffortConfig config =
        new EffortConfig(EffortParams.LAST_V_LORA_B, CUTOFF, MUCH, 0, SharedPrefix.of(samples));
    try (Backend backend = new NativeBackend(NativeBackend.Device.CPU, threads);
        CheckpointWeights weights = new CheckpointWeights(backend, checkpoint);
        Workspace memory =
            backend.workspace(Workspace.plan(backend, all -> copy(weights, checkpoint, all)));
        EffortScorer mapped = scorer(backend, checkpoint, weights.model(), config);
        EffortScorer streamed =
            scorer(
                backend,
                checkpoint,
                weights.model(),
                config.withMemory(mapped.workspaceBytes() + 1));
        EffortScorer resident =
            scorer(backend, checkpoint, resident(weights, checkpoint, memory), config)) {
      if (mapped.streams() || !streamed.streams()) {
        throw new IllegalStateException("the memory does not tell the sides apart");
      }
      compare(
          samples,
          new Side("resident", resident, new double[rounds]),
          new Side("mapped", mapped, new double[rounds]),
          new Side("given back", streamed, new double[rounds]));
    }
  }

  private static EffortScorer scorer(
      Backend backend, HfCheckpoint checkpoint, WeightSource weights, EffortConfig config) {
    return new EffortScorer(
        backend, checkpoint.config(), checkpoint.lora(), weights, Optional.empty(), config);
  }

  private static Map<String, Tensor> copy(
      CheckpointWeights weights, HfCheckpoint checkpoint, Allocator allocator) {
    Map<String, Tensor> copies = new HashMap<>();
    for (String name : checkpoint.weights().keySet()) {
      Tensor source = weights.model().tensor(name);
      copies.put(name, allocator.tensor(source.dtype(), source.dims()));
    }
    return copies;
  }

  private static WeightSource resident(
      CheckpointWeights weights, HfCheckpoint checkpoint, Workspace memory) {
    Map<String, Tensor> copies = copy(weights, checkpoint, memory);
    copies.forEach((name, copy) -> copy.copyFrom(weights.model().tensor(name)));
    return copies::get;
  }

  private static void compare(List<TokenSample> samples, Side... sides) {
    EffortBatch expected = null;
    for (int round = -1; round < sides[0].seconds.length; round++) { // the first is not timed
      for (Side side : sides) {
        long begin = System.nanoTime();
        EffortBatch scores = side.scorer.score(samples);
        double seconds = (System.nanoTime() - begin) * 1e-9;
        if (round >= 0) {
          side.seconds[round] = seconds;
        }
        expected = expected == null ? scores : expected;
        if (!Arrays.equals(expected.effort(), scores.effort())) {
          throw new IllegalStateException("the scores of " + side.name + " differ");
        }
      }
    }
    double base = median(sides[0].seconds);
    for (Side side : sides) {
      double seconds = median(side.seconds);
      System.out.printf(
          Locale.ROOT,
          "%-10s %7.3f s  %.3f of resident  %s%n",
          side.name,
          seconds,
          seconds / base,
          Arrays.toString(side.seconds));
    }
  }

  private static double median(double[] seconds) {
    double[] sorted = seconds.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
