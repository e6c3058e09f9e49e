// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import dev.coppice.pipeline.TrainOptions;
import picocli.CommandLine.Option;

/** What a surrogate is, and how each training of it goes. */
final class SurrogateFlags {
  private static final TrainOptions DEFAULT = TrainOptions.DEFAULT;

  @Option(names = "--epochs", paramLabel = "N", description = "Passes over the samples (200).")
  int epochs = DEFAULT.epochs();

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

  /**
   * The options of a training.
   *
   * @param evalEvery epochs between evaluations
   * @param patience evaluations without a better one after which it ends
   */
  TrainOptions options(int evalEvery, int patience) {
    return new TrainOptions(
        epochs, evalEvery, patience, batch, lr, hidden, layers, heads, maxLen, dropout, holdout);
  }
}
