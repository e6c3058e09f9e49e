// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import java.util.Optional;

/**
 * What a file of surrogate weights may leave open.
 *
 * @param heads attention heads, where the file does not say
 * @param maxLen transitions of a sample, where the file does not say
 * @param holdout latest training items of each user left out
 */
public record SurrogateView(Optional<Integer> heads, Optional<Integer> maxLen, int holdout) {
  /** Nothing is left open, nothing held out. */
  public static final SurrogateView OF_THE_FILE =
      new SurrogateView(Optional.empty(), Optional.empty(), 0);

  /**
   * Checks every number.
   *
   * @throws dev.coppice.data.ConfigException naming the option
   */
  public SurrogateView {
    heads.ifPresent(value -> OptionRange.between("--heads", value, 1, 4096));
    maxLen.ifPresent(value -> OptionRange.between("--max-len", value, 1, 65536));
    OptionRange.atLeast("--holdout", holdout, 0);
  }
}
