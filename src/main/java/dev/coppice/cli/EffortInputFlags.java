// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import dev.coppice.pipeline.EffortInput;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** What effort is scored of. */
final class EffortInputFlags {
  /** Where the samples come from. */
  static final class Source {
    @Option(names = "--data", paramLabel = "DIR", required = true, description = "Data folder.")
    Path data;

    @Option(
        names = "--samples",
        paramLabel = "FILE.jsonl",
        required = true,
        description = "Alpaca or tokenised records, one a line.")
    Path samples;
  }

  @ArgGroup(exclusive = true, multiplicity = "1")
  Source source;

  @Option(
      names = "--llm",
      paramLabel = "DIR",
      required = true,
      description = "Checkpoint in Hugging Face layout.")
  Path llm;

  @Option(
      names = "--adapter",
      paramLabel = "DIR",
      description = "PEFT LoRA adapter (default: fresh).")
  Path adapter;

  EffortInput input() {
    return new EffortInput(
        Optional.ofNullable(source.data),
        Optional.ofNullable(source.samples),
        llm,
        Optional.ofNullable(adapter));
  }
}
