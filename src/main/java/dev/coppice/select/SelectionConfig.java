// SPDX-License-Identifier: Apache-2.0
package dev.coppice.select;

import dev.coppice.data.ConfigException;

/**
 * What {@link Selector} is asked for.
 *
 * @param strategy how samples are chosen
 * @param n budget: number of samples to keep, at least 1
 * @param mix weight of the effort score in the overall score, at least 0; recorded here, applied by
 *     {@link OverallScore#combine(dev.coppice.data.Scores, double)}
 * @param strata number of strata of equal width, at least 1
 * @param hardPrune share of the samples with the highest overall score that coverage drops before
 *     it cuts strata, in [0, 1); has no effect on the other strategies
 * @param seed key of the hash that picks samples
 */
public record SelectionConfig(
    Strategy strategy, int n, double mix, int strata, double hardPrune, long seed) {
  /** Most strata that are accepted: edges and counts of each are kept and reported. */
  public static final int MAX_STRATA = 100_000;

  /** How samples are chosen. */
  public enum Strategy {
    /** Spread over strata of the overall score, after hard pruning. */
    COVERAGE,
    /** The highest overall scores. */
    TOP,
    /** Uniformly among all samples with a score. */
    RANDOM
  }

  /**
   * Checks every number.
   *
   * @throws ConfigException naming the option that is out of range
   */
  public SelectionConfig {
    if (n < 1) {
      throw new ConfigException("n is " + n + "; keep at least 1 sample");
    }
    if (!(mix >= 0) || Double.isInfinite(mix)) {
      throw new ConfigException("lambda is " + mix + "; give a number of 0 or more");
    }
    if (strata < 1 || strata > MAX_STRATA) {
      throw new ConfigException("strata is " + strata + "; give 1 to " + MAX_STRATA);
    }
    if (!(hardPrune >= 0 && hardPrune < 1)) {
      throw new ConfigException("hard-prune is " + hardPrune + "; give a share from 0 to below 1");
    }
  }

  /** How many of {@code count} samples are hard-pruned: {@code floor(hardPrune * count)}. */
  public int hardPruned(int count) {
    return strategy == Strategy.COVERAGE ? (int) Math.floor(hardPrune * count) : 0;
  }
}
