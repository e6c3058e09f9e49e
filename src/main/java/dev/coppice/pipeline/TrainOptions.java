// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.data.ConfigException;

/**
 * How the surrogate is trained.
 *
 * @param epochs passes over the samples
 * @param evalEvery epochs between evaluations; the last epoch is always evaluated
 * @param patience evaluations without a better one after which training ends; 0 for never
 * @param batch samples a step
 * @param lr Adam's learning rate
 * @param hidden width, d
 * @param layers blocks, L
 * @param heads attention heads; divides {@code hidden}
 * @param maxLen transitions kept of a sample
 * @param dropout rate, 0 to below 1
 * @param holdout latest training items of each user that are left out
 */
public record TrainOptions(
    int epochs,
    int evalEvery,
    int patience,
    int batch,
    double lr,
    int hidden,
    int layers,
    int heads,
    int maxLen,
    double dropout,
    int holdout) {
  /** As published. */
  public static final TrainOptions DEFAULT =
      new TrainOptions(200, 5, 0, 500, 1e-3, 64, 2, 2, 50, 0.5, 0);

  /**
   * Checks every number.
   *
   * @throws ConfigException naming the option
   */
  public TrainOptions {
    OptionRange.atLeast("--epochs", epochs, 1);
    OptionRange.atLeast("--eval-every", evalEvery, 1);
    OptionRange.atLeast("--patience", patience, 0);
    OptionRange.atLeast("--batch", batch, 1);
    OptionRange.above("--lr", lr, 0, 1);
    OptionRange.between("--hidden", hidden, 1, 4096);
    OptionRange.between("--layers", layers, 1, 64);
    OptionRange.between("--heads", heads, 1, 4096);
    OptionRange.between("--max-len", maxLen, 1, 65536);
    OptionRange.from("--dropout", dropout, 0, 1);
    OptionRange.atLeast("--holdout", holdout, 0);
    if (hidden % heads != 0) {
      throw new ConfigException(
          "--heads is " + heads + "; give a divisor of --hidden, which is " + hidden);
    }
  }

  /** Whether the surrogate is evaluated after an epoch, 1-based. */
  boolean evaluatesAfter(int epoch) {
    return epoch % evalEvery == 0 || epoch == epochs;
  }
}
