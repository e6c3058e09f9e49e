// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import dev.coppice.pipeline.EffortOptions;
import dev.coppice.pipeline.MemorySize;
import picocli.CommandLine.Option;

/** How effort is scored. */
final class EffortFlags {
  private static final EffortOptions DEFAULT = EffortOptions.DEFAULT;

  @Option(
      names = "--effort-params",
      paramLabel = "NAME",
      description =
          "LoRA tensors of the gradient: last-v-lora-b, all-lora, or a regular expression of their"
              + " names (last-v-lora-b).")
  String effortParams = DEFAULT.params();

  @Option(names = "--cutoff", paramLabel = "N", description = "Most tokens of a sample (512).")
  int cutoff = DEFAULT.cutoff();

  @Option(
      names = "--loss",
      paramLabel = "NAME",
      description = "Tokens that are scored: all or response (all).")
  String loss = DEFAULT.loss();

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      description = "Bound on the working memory, e.g. 8GiB (8GiB). Changes no result.")
  String memory = "8GiB";

  @Option(
      names = "--shared-prefix",
      paramLabel = "NAME",
      description = "Compute what all samples begin with once: auto or off (auto).")
  String sharedPrefix = DEFAULT.sharedPrefix();

  EffortOptions options() {
    long bytes = MemorySize.parse("--memory", memory);
    return new EffortOptions(effortParams, cutoff, loss, bytes, sharedPrefix);
  }
}
