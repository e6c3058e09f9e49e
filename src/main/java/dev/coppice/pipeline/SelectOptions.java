// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.data.ConfigException;
import dev.coppice.select.SelectionConfig;
import java.util.List;
import java.util.Locale;

/**
 * Which samples are kept.
 *
 * @param n how many
 * @param lambda weight of the effort score
 * @param strata strata of equal width
 * @param hardPrune share of the highest scores that is dropped first, 0 to below 1
 * @param strategy {@code coverage}, {@code top} or {@code random}
 */
public record SelectOptions(int n, double lambda, int strata, double hardPrune, String strategy) {
  /** As published for Games. */
  public static final SelectOptions DEFAULT = new SelectOptions(1024, 0.3, 50, 0.1, "coverage");

  /**
   * Checks every value.
   *
   * @throws ConfigException naming the option
   */
  public SelectOptions {
    OptionRange.atLeast("--n", n, 1);
    OptionRange.from("--lambda", lambda, 0, Double.POSITIVE_INFINITY);
    OptionRange.between("--strata", strata, 1, SelectionConfig.MAX_STRATA);
    OptionRange.from("--hard-prune", hardPrune, 0, 1);
    OptionRange.oneOf("--strategy", strategy, List.of("coverage", "top", "random"));
  }

  /** What {@link dev.coppice.select.Selector} takes. */
  SelectionConfig config(long seed) {
    SelectionConfig.Strategy named =
        SelectionConfig.Strategy.valueOf(strategy.toUpperCase(Locale.ROOT));
    return new SelectionConfig(named, n, lambda, strata, hardPrune, seed);
  }
}
