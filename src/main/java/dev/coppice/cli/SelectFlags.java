// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import dev.coppice.pipeline.SelectOptions;
import picocli.CommandLine.Option;

/** Which samples are kept. */
final class SelectFlags {
  private static final SelectOptions DEFAULT = SelectOptions.DEFAULT;

  @Option(names = "--n", paramLabel = "N", description = "Samples to keep (1024).")
  int n = DEFAULT.n();

  @Option(names = "--lambda", paramLabel = "X", description = "Weight of the effort score (0.3).")
  double lambda = DEFAULT.lambda();

  @Option(names = "--strata", paramLabel = "N", description = "Strata of equal width (50).")
  int strata = DEFAULT.strata();

  @Option(
      names = "--hard-prune",
      paramLabel = "X",
      description = "Share of the highest scores dropped first (0.1).")
  double hardPrune = DEFAULT.hardPrune();

  @Option(
      names = "--strategy",
      paramLabel = "NAME",
      description = "coverage, top or random (coverage).")
  String strategy = DEFAULT.strategy();

  SelectOptions options() {
    return new SelectOptions(n, lambda, strata, hardPrune, strategy);
  }
}
