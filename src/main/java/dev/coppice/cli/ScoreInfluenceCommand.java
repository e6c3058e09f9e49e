// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import dev.coppice.pipeline.Outcome;
import dev.coppice.pipeline.ScoreInfluence;
import dev.coppice.pipeline.SurrogateView;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code coppice score influence}. */
@Command(
    name = "influence",
    description = "Score how much each sample lowers the surrogate's risk.")
final class ScoreInfluenceCommand implements Callable<Integer> {
  private final Session session;

  @Option(names = "--data", paramLabel = "DIR", required = true, description = "Data folder.")
  Path data;

  @Option(
      names = "--surrogate",
      paramLabel = "FILE",
      required = true,
      description = "Weights of the surrogate, as safetensors.")
  Path surrogate;

  @Option(names = "--out", paramLabel = "FILE.csv", required = true, description = "Scores.")
  Path out;

  @Option(
      names = "--heads",
      paramLabel = "N",
      description = "Attention heads, where the weights do not say (2).")
  Integer heads;

  @Option(
      names = "--max-len",
      paramLabel = "N",
      description = "Transitions of a sample, where the weights do not say (their positions).")
  Integer maxLen;

  @Option(
      names = "--holdout",
      paramLabel = "N",
      description = "Latest training items of each user left out (0).")
  int holdout;

  @Mixin InfluenceFlags influence;
  @Mixin SessionFlags common;

  ScoreInfluenceCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    session.configure(common.json, common.quiet, common.verbose);
    SurrogateView view =
        new SurrogateView(Optional.ofNullable(heads), Optional.ofNullable(maxLen), holdout);
    Outcome outcome =
        ScoreInfluence.run(
            data, surrogate, view, out, influence.options(), common.options(), session.progress());
    session.result(outcome.lines(), outcome.facts());
    return 0;
  }
}
