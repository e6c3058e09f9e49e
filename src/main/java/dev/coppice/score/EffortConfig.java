// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.data.ConfigException;

/**
 * What the effort score is of, and with how much memory.
 *
 * @param params the tensors of the gradient
 * @param cutoff longest sample, in tokens
 * @param memoryBytes bound of the workspace; no result depends on it
 * @param seed draws a fresh adapter
 */
public record EffortConfig(EffortParams params, int cutoff, long memoryBytes, long seed) {
  /**
   * Checks the ranges.
   *
   * @throws ConfigException if the cutoff is below 2
   */
  public EffortConfig {
    if (cutoff < 2) {
      throw new ConfigException("cutoff must be 2 or more, got " + cutoff);
    }
  }
}
