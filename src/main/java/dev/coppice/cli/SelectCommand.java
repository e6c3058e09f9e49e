// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import dev.coppice.pipeline.Outcome;
import dev.coppice.pipeline.SelectSamples;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code coppice select}. */
@Command(name = "select", description = "Choose the samples to keep by their scores.")
final class SelectCommand implements Callable<Integer> {
  private final Session session;

  @Option(
      names = "--scores",
      paramLabel = "FILE.csv",
      required = true,
      split = ",",
      arity = "1",
      description = "One or two score files; their columns influence and effort count.")
  List<Path> scores;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      required = true,
      description = "Ids of the samples kept, one a line.")
  Path out;

  @Mixin SelectFlags select;
  @Mixin SessionFlags common;

  SelectCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    session.configure(common.json, common.quiet, common.verbose);
    Outcome outcome =
        SelectSamples.run(scores, out, select.options(), common.options(), session.progress());
    session.result(outcome.lines(), outcome.facts());
    return 0;
  }
}
