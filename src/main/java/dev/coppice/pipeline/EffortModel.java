// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.backend.Backend;
import dev.coppice.data.ConfigException;
import dev.coppice.data.SharedPrefix;
import dev.coppice.io.HfCheckpoint;
import dev.coppice.score.EffortConfig;
import dev.coppice.score.EffortParams;
import dev.coppice.score.EffortScorer;

/** A language model whose files are mapped, ready to score effort. */
final class EffortModel implements AutoCloseable {
  private final CheckpointWeights weights;
  private final EffortScorer scorer;

  /**
   * Maps the weights and reserves memory.
   *
   * @param prefix that all samples begin with
   * @throws ConfigException if cutoff, memory or adapter do not fit the model
   * @throws MissingEnvironmentException if the machine does not have the memory for one sample
   */
  EffortModel(
      Backend backend,
      HfCheckpoint checkpoint,
      EffortOptions options,
      long seed,
      SharedPrefix prefix) {
    EffortConfig config = config(options, seed).with(prefix);
    requireMemory(backend, checkpoint, config);
    weights = new CheckpointWeights(backend, checkpoint);
    boolean open = false;
    try {
      scorer =
          new EffortScorer(
              backend,
              checkpoint.config(),
              checkpoint.lora(),
              weights.model(),
              weights.adapter(),
              config);
      open = true;
    } finally {
      if (!open) {
        weights.close();
      }
    }
  }

  private static void requireMemory(Backend backend, HfCheckpoint checkpoint, EffortConfig config) {
    long least = EffortScorer.leastBytes(backend, checkpoint.config(), checkpoint.lora(), config);
    long free = MachineMemory.available().orElse(Long.MAX_VALUE);
    if (least > free) {
      int longest =
          EffortScorer.longestSample(
              backend, checkpoint.config(), checkpoint.lora(), config.withMemory(free));
      throw new MissingEnvironmentException(
          "a sample of "
              + config.cutoff()
              + " tokens takes "
              + MemorySize.format(least)
              + " of memory and "
              + MemorySize.format(free)
              + " are free; "
              + (longest == 0 ? "free some" : "give --cutoff " + longest + " or less"));
    }
  }

  /**
   * Opens a model and closes it, whatever its samples will share.
   *
   * @throws ConfigException as the constructor
   */
  static void tryOut(Backend backend, HfCheckpoint checkpoint, EffortOptions options, long seed) {
    int cutoff = options.sharesPrefix() ? options.cutoff() : 0;
    SharedPrefix longest = new SharedPrefix(new int[cutoff], new boolean[cutoff]);
    new EffortModel(backend, checkpoint, options, seed, longest).close();
  }

  private static EffortConfig config(EffortOptions options, long seed) {
    return new EffortConfig(
        EffortParams.of(options.params()), options.cutoff(), options.memoryBytes(), seed);
  }

  EffortScorer scorer() {
    return scorer;
  }

  @Override
  public void close() {
    scorer.close();
    weights.close();
  }
}
