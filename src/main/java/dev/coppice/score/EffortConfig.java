// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.data.ConfigException;
import dev.coppice.data.SharedPrefix;

/**
 * What the effort score is of, and with how much memory.
 *
 * @param params the tensors of the gradient
 * @param cutoff longest sample, in tokens
 * @param memoryBytes bound of the workspace; no result depends on it
 * @param seed draws a fresh adapter
 * @param prefix that every sample begins with; its positions are computed once a macro-batch
 */
public record EffortConfig(
    EffortParams params, int cutoff, long memoryBytes, long seed, SharedPrefix prefix) {
  /**
   * Checks the ranges.
   *
   * @throws ConfigException if the cutoff is below 2
   */
  public EffortConfig {
    if (cutoff < 2) {
      throw new ConfigException("cutoff must be 2 or more, got " + cutoff);
    }
    if (prefix.length() >= cutoff) {
      throw new IllegalArgumentException(prefix.length() + " shared positions, cutoff " + cutoff);
    }
  }

  /** Without a shared prefix. */
  public EffortConfig(EffortParams params, int cutoff, long memoryBytes, long seed) {
    this(params, cutoff, memoryBytes, seed, SharedPrefix.NONE);
  }

  /** The same with a shared prefix. */
  public EffortConfig with(SharedPrefix shared) {
    return new EffortConfig(params, cutoff, memoryBytes, seed, shared);
  }

  /** The same with another bound of the workspace. */
  public EffortConfig withMemory(long bytes) {
    return new EffortConfig(params, cutoff, bytes, seed, prefix);
  }
}
