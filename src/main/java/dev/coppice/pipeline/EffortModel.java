// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.backend.Backend;
import dev.coppice.data.ConfigException;
import dev.coppice.io.HfCheckpoint;
import dev.coppice.score.EffortConfig;
import dev.coppice.score.EffortParams;
import dev.coppice.score.EffortScorer;
import java.util.Locale;

/** A language model whose files are mapped, ready to score effort. */
final class EffortModel implements AutoCloseable {
  private final CheckpointWeights weights;
  private final EffortScorer scorer;

  /**
   * Maps the weights and reserves memory.
   *
   * @throws ConfigException if cutoff, memory or adapter do not fit the model
   */
  EffortModel(Backend backend, HfCheckpoint checkpoint, EffortOptions options, long seed) {
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
              config(options, seed));
      open = true;
    } finally {
      if (!open) {
        weights.close();
      }
    }
  }

  private static EffortConfig config(EffortOptions options, long seed) {
    String params = options.params().toUpperCase(Locale.ROOT).replace('-', '_');
    return new EffortConfig(
        EffortParams.valueOf(params), options.cutoff(), options.memoryBytes(), seed);
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
