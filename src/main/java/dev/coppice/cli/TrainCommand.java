// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import dev.coppice.pipeline.Outcome;
import dev.coppice.pipeline.TrainSurrogate;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code coppice train}. */
@Command(name = "train", description = "Train the surrogate.")
final class TrainCommand implements Callable<Integer> {
  private final Session session;

  @Option(names = "--data", paramLabel = "DIR", required = true, description = "Data folder.")
  Path data;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      required = true,
      description = "Weights, as safetensors.")
  Path out;

  @Mixin TrainFlags train;
  @Mixin SessionFlags common;

  TrainCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    session.configure(common.json, common.quiet, common.verbose);
    Outcome outcome =
        TrainSurrogate.run(data, out, train.options(), common.options(), session.progress());
    session.result(outcome.lines(), outcome.facts());
    return 0;
  }
}
