// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.data.ConfigException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Everything that {@code coppice prune} is asked for.
 *
 * @param data data folder
 * @param out run folder
 * @param llm checkpoint folder; empty to prune by influence alone
 * @param adapter LoRA adapter folder; needs {@code llm}
 */
public record PruneOptions(
    Path data,
    Path out,
    Optional<Path> llm,
    Optional<Path> adapter,
    RunOptions run,
    TrainOptions train,
    InfluenceOptions influence,
    EffortOptions effort,
    SelectOptions select) {
  /**
   * Checks what one option means for another.
   *
   * @throws ConfigException naming the option
   */
  public PruneOptions {
    if (adapter.isPresent() && llm.isEmpty()) {
      throw new ConfigException("--adapter needs the model that it belongs to; give --llm as well");
    }
  }
}
