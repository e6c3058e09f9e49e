// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import dev.coppice.pipeline.Outcome;
import dev.coppice.pipeline.PlanEffort;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code coppice plan}. */
@Command(
    name = "plan",
    description = "Say what scoring effort takes: tokens, shared prefix, arithmetic, memory, time.")
final class PlanCommand implements Callable<Integer> {
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

  @Mixin EffortFlags effort;
  @Mixin SessionFlags common;

  PlanCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    session.configure(common.json, common.quiet, common.verbose);
    Outcome outcome =
        PlanEffort.run(
            Optional.ofNullable(source.data),
            Optional.ofNullable(source.samples),
            llm,
            Optional.ofNullable(adapter),
            effort.options(),
            common.options(),
            session.progress());
    session.result(outcome.lines(), outcome.facts());
    return 0;
  }
}
