// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import dev.coppice.pipeline.TrainOptions;
import picocli.CommandLine.Option;

/** How the surrogate is trained. */
final class TrainFlags {
  private static final TrainOptions DEFAULT = TrainOptions.DEFAULT;

  @Option(names = "--epochs", paramLabel = "N", description = "Passes over the samples (200).")
  int epochs = DEFAULT.epochs();

  @Option(names = "--eval-every", paramLabel = "N", description = "Epochs between evaluations (5).")
  int evalEvery = DEFAULT.evalEvery();

  @Option(
      names = "--patience",
      paramLabel = "N",
      description = "End after N evaluations without a better one (0: never).")
  int patience = DEFAULT.patience();

  @Option(names = "--batch", paramLabel = "N", description = "Samples a step (500).")
  int batch = DEFAULT.batch();

  @Option(names = "--lr", paramLabel = "X", description = "Adam's learning rate (1e-3).")
  double lr = DEFAULT.lr();

  @Option(names = "--hidden", paramLabel = "N", description = "Width of the surrogate (64).")
  int hidden = DEFAULT.hidden();

  @Option(names = "--layers", paramLabel = "N", description = "Blocks of the surrogate (2).")
  int layers = DEFAULT.layers();

  @Option(names = "--heads", paramLabel = "N", description = "Attention heads (2).")
  int heads = DEFAULT.heads();

  @Option(
      names = "--max-len",
      paramLabel = "N",
      description = "Most recent transitions of a sample that are used (50).")
  int maxLen = DEFAULT.maxLen();

  @Option(names = "--dropout", paramLabel = "X", description = "Dropout rate (0.5).")
  double dropout = DEFAULT.dropout();

  @Option(
      names = "--holdout",
      paramLabel = "N",
      description = "Latest training items of each user left out (0; published: 1).")
  int holdout = DEFAULT.holdout();

  TrainOptions options() {
    return new TrainOptions(
        epochs, evalEvery, patience, batch, lr, hidden, layers, heads, maxLen, dropout, holdout);
  }
}
