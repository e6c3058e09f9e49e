// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import dev.coppice.pipeline.Outcome;
import dev.coppice.pipeline.ScoreEffort;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code coppice score effort}. */
@Command(name = "effort", description = "Score how hard each sample is for the LLM.")
final class ScoreEffortCommand implements Callable<Integer> {
  private final Session session;

  @Option(names = "--out", paramLabel = "FILE.csv", required = true, description = "Scores.")
  Path out;

  @Option(
      names = "--tensor-norms",
      paramLabel = "FILE.csv",
      description = "Also write the norm of each tensor's gradient.")
  Path tensorNorms;

  @Mixin EffortInputFlags input;
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
            input.input(),
            out,
            Optional.ofNullable(tensorNorms),
            effort.options(),
            common.options(),
            session.progress());
    session.result(outcome.lines(), outcome.facts());
    return 0;
  }
}
