// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.backend.Backend;
import dev.coppice.data.Dataset;
import dev.coppice.io.DataFolder;
import dev.coppice.model.RankingMetrics;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Trains a surrogate on its own, without a run folder. */
public final class TrainSurrogate {
  private TrainSurrogate() {}

  /**
   * Trains and writes the weights.
   *
   * @param data data folder
   * @param out safetensors file, replaced when training is done
   * @return metrics of the weights kept, and of the baselines
   * @throws dev.coppice.data.InputException if the data folder is wrong; nothing is written
   * @throws MissingEnvironmentException if the backend asked for is not there
   * @throws IOException if the file cannot be written
   */
  public static Outcome run(
      Path data, Path out, TrainOptions options, RunOptions run, Progress progress)
      throws IOException {
    OutputPath.requireFile("--out", out);
    Backends.require(run);
    Dataset dataset = DataFolder.read(data);
    SurrogateTraining.samples(data, dataset, options.maxLen(), options.holdout(), run.seed());
    Backends.Opened opened = Backends.open(run);
    try (Backend backend = opened.backend()) {
      opened.tell(progress);
      SurrogateTraining training =
          new SurrogateTraining(backend, data, dataset, options, run.seed());
      TrainingState state;
      try (Progress.Task task = progress.start("train", 0, options.epochs(), "epochs")) {
        state = training.train(Optional.empty(), new Told(progress, task));
      }
      Map<String, Object> facts = training.facts(state);
      SurrogateFile.write(out, state.best().orElseThrow());
      facts.put("backend", backend.name());
      facts.put("precision", run.precision());
      facts.put("out", out.toAbsolutePath().toString());
      return new Outcome(lines(state, facts, out), facts);
    }
  }

  /** Shows each epoch. */
  private record Told(Progress progress, Progress.Task task) implements SurrogateTraining.Epochs {
    @Override
    public void begin() {}

    @Override
    public void end(TrainingState state, String note) {
      task.advance(1, note);
      progress.event("epoch", Map.of("epoch", state.epochs(), "note", note));
    }
  }

  private static List<String> lines(TrainingState state, Map<String, Object> facts, Path out) {
    List<String> lines = new ArrayList<>();
    for (TrainingState.Evaluated evaluated : state.history()) {
      boolean kept = evaluated.epoch() == state.bestEpoch();
      RankingMetrics valid = evaluated.valid();
      lines.add(
          String.format(
              Locale.ROOT,
              "epoch %d: loss %.4f, valid %s%s",
              evaluated.epoch(),
              evaluated.loss(),
              valid.users() == 0 ? "without items" : valid.toString(),
              kept ? ", kept" : ""));
    }
    Ranking.read(Ranking.tree(facts.get("test")))
        .ifPresent(test -> lines.add("test " + test + ", epoch " + state.bestEpoch()));
    lines.add("surrogate written to " + out);
    return lines;
  }
}
