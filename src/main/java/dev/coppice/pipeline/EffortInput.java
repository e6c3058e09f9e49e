// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.data.ConfigException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What effort is scored of.
 *
 * @param data data folder; either this or {@code samples}
 * @param samples file of Alpaca or tokenised records
 * @param llm checkpoint folder
 * @param adapter LoRA adapter folder; empty for a fresh one
 */
public record EffortInput(
    Optional<Path> data, Optional<Path> samples, Path llm, Optional<Path> adapter) {
  /**
   * Checks that there is one source of samples.
   *
   * @throws ConfigException if there are two or none
   */
  public EffortInput {
    if (data.isPresent() == samples.isPresent()) {
      throw new ConfigException("give either --data or --samples");
    }
  }
}
