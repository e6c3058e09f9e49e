// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import dev.coppice.pipeline.Outcome;
import dev.coppice.pipeline.ScoreEffort;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code coppice score effort}. */
@Command(name = "effort", description = "Score how hard each sample is for the LLM.")
final class ScoreEffortCommand implements Callable<Integer> {
  private final Session session;

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

  @Option(names = "--out", paramLabel = "FILE.csv", required = true, description = "Scores.")
  Path out;

  @Option(
      names = "--tensor-norms",
      paramLabel = "FILE.csv",
      description = "Also write the norm of each tensor's gradient.")
  Path tensorNorms;

  @Mixin EffortFlags effort;
  @Mixin SessionFlags common;

  ScoreEffortCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    session.configure(common.json, common.quiet, common.verbose);
    Outcome outcome =
        ScoreEffort.run(
            Optional.ofNullable(source.data),
            Optional.ofNullable(source.samples),
            llm,
            Optional.ofNullable(adapter),
            out,
            Optional.ofNullable(tensorNorms),
            effort.options(),
            common.options(),
            session.progress());
    session.result(outcome.lines(), outcome.facts());
    return 0;
  }
}
