// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import dev.coppice.pipeline.Outcome;
import dev.coppice.pipeline.Prune;
import dev.coppice.pipeline.PruneOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code coppice prune}. */
@Command(
    name = "prune",
    description =
        "Train the surrogate, score all samples, select, and report; goes on when run again.")
final class PruneCommand implements Callable<Integer> {
  private final Session session;

  @Option(names = "--data", paramLabel = "DIR", required = true, description = "Data folder.")
  Path data;

  @Option(
      names = "--out",
      paramLabel = "RUN",
      required = true,
      description = "Run folder; made, or gone on with.")
  Path out;

  @Option(
      names = "--llm",
      paramLabel = "DIR",
      description = "Checkpoint in Hugging Face layout; without it influence alone decides.")
  Path llm;

  @Option(
      names = "--adapter",
      paramLabel = "DIR",
      description = "PEFT LoRA adapter (default: fresh).")
  Path adapter;

  @Mixin TrainFlags train;
  @Mixin InfluenceFlags influence;
  @Mixin EffortFlags effort;
  @Mixin SelectFlags select;
  @Mixin SessionFlags common;

  PruneCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    session.configure(common.json, common.quiet, common.verbose);
    session.setResumable();
    PruneOptions options =
        new PruneOptions(
            data,
            out,
            Optional.ofNullable(llm),
            Optional.ofNullable(adapter),
            common.options(),
            train.options(),
            influence.options(),
            effort.options(),
            select.options());
    Outcome outcome = Prune.run(options, session.progress(), session.stop());
    session.result(outcome.lines(), outcome.facts());
    return 0;
  }
}
