// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.data.ConfigException;
import dev.coppice.score.EffortParams;
import java.util.List;

/**
 * How effort is scored.
 *
 * @param params which LoRA tensors: {@code last-v-lora-b}, {@code all-lora} or a regular expression
 *     of names
 * @param cutoff most tokens of a sample
 * @param loss {@code all} tokens or the {@code response}
 * @param memoryBytes bound on the working memory; changes no result
 * @param sharedPrefix {@code auto}: what all samples begin with is computed once; or {@code off}
 */
public record EffortOptions(
    String params, int cutoff, String loss, long memoryBytes, String sharedPrefix) {
  /** As published. */
  public static final EffortOptions DEFAULT =
      new EffortOptions("last-v-lora-b", 512, "all", 8L << 30, "auto");

  /**
   * Checks every value.
   *
   * @throws ConfigException naming the option
   */
  public EffortOptions {
    EffortParams.of(params);
    OptionRange.between("--cutoff", cutoff, 3, 1 << 20);
    OptionRange.oneOf("--loss", loss, List.of("all", "response"));
    OptionRange.oneOf("--shared-prefix", sharedPrefix, List.of("auto", "off"));
    if (memoryBytes < 1 << 20) {
      throw new ConfigException("--memory is " + memoryBytes + " bytes; give 1MiB or more");
    }
  }

  boolean sharesPrefix() {
    return sharedPrefix.equals("auto");
  }
}
