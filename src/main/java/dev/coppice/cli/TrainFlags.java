// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import dev.coppice.pipeline.TrainOptions;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How the surrogate is trained and when that ends. */
final class TrainFlags {
  private static final TrainOptions DEFAULT = TrainOptions.DEFAULT;

  @Mixin SurrogateFlags surrogate;

  @Option(names = "--eval-every", paramLabel = "N", description = "Epochs between evaluations (5).")
  int evalEvery = DEFAULT.evalEvery();

  @Option(
      names = "--patience",
      paramLabel = "N",
      description = "End after N evaluations without a better one (0: never).")
  int patience = DEFAULT.patience();

  TrainOptions options() {
    return surrogate.options(evalEvery, patience);
  }
}
