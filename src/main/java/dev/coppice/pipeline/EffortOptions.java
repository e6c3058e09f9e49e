// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.data.ConfigException;
import java.util.List;

/**
 * How effort is scored.
 *
 * @param params which LoRA tensors: {@code last-v-lora-b} or {@code all-lora}
 * @param cutoff most tokens of a sample
 * @param loss {@code all} tokens or the {@code response}
 * @param memoryBytes bound on the working memory; changes no result
 */
public record EffortOptions(String params, int cutoff, String loss, long memoryBytes) {
  /** As published. */
  public static final EffortOptions DEFAULT =
      new EffortOptions("last-v-lora-b", 512, "all", 8L << 30);

  /**
   * Checks every value.
   *
   * @throws ConfigException naming the option
   */
  public EffortOptions {
    OptionRange.oneOf("--effort-params", params, List.of("last-v-lora-b", "all-lora"));
    OptionRange.between("--cutoff", cutoff, 3, 1 << 20);
    OptionRange.oneOf("--loss", loss, List.of("all", "response"));
    if (memoryBytes < 1 << 20) {
      throw new ConfigException("--memory is " + memoryBytes + " bytes; give 1MiB or more");
    }
  }
}
