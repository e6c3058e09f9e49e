// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.backend.Backend;
import dev.coppice.data.Dataset;
import dev.coppice.data.Scores;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.io.DataFolder;
import dev.coppice.io.ScoreCsv;
import dev.coppice.model.SurrogateWeights;
import dev.coppice.score.InfluenceBatch;
import dev.coppice.score.InfluenceScorer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Scores influence on its own, without a run folder. */
public final class ScoreInfluence {
  private static final int PORTION = 4096;

  private ScoreInfluence() {}

  /**
   * Scores all scorable samples and writes {@code sample,influence,loss,grad_norm}.
   *
   * @param data data folder
   * @param surrogate its weights, as safetensors
   * @param view what the weights leave open
   * @param out CSV file, replaced when all scores are there
   * @return how the linear system was solved
   * @throws dev.coppice.data.InputException if a file is wrong; nothing is written
   * @throws MissingEnvironmentException if the backend asked for is not there
   * @throws IOException if the file cannot be written
   */
  public static Outcome run(
      Path data,
      Path surrogate,
      SurrogateView view,
      Path out,
      InfluenceOptions options,
      RunOptions run,
      Progress progress)
      throws IOException {
    OutputPath.requireFile("--out", out);
    Backends.require(run);
    Dataset dataset = DataFolder.read(data);
    SurrogateWeights weights = SurrogateFile.read(surrogate, view, dataset.items());
    SurrogateSamples samples =
        SurrogateTraining.samples(
            data, dataset, weights.config().maxLen(), view.holdout(), run.seed());
    Backends.Opened opened = Backends.open(run);
    try (Backend backend = opened.backend();
        InfluenceScorer scorer =
            InfluenceSetup.scorer(backend, weights, samples, options, run.seed())) {
      opened.tell(progress);
      InfluenceSolution solution = InfluenceSolution.of(scorer, options, progress);
      ScoreCsv.write(out, scores(scorer, samples.scorable(), progress));
      Map<String, Object> facts = new LinkedHashMap<>(solution.facts());
      facts.put("scored", samples.scorable().length);
      facts.put("unscorable", samples.unscorable().size());
      facts.put("backend", backend.name());
      facts.put("precision", run.precision());
      facts.put("out", out.toAbsolutePath().toString());
      return new Outcome(lines(solution, samples, out), facts);
    }
  }

  private static Scores scores(InfluenceScorer scorer, int[] samples, Progress progress) {
    double[][] columns = new double[3][samples.length];
    try (Progress.Task task = progress.start("score", 0, samples.length, "samples")) {
      for (int from = 0; from < samples.length; from += PORTION) {
        int[] ids = Arrays.copyOfRange(samples, from, Math.min(samples.length, from + PORTION));
        InfluenceBatch batch = scorer.score(ids);
        System.arraycopy(batch.influence(), 0, columns[0], from, ids.length);
        System.arraycopy(batch.loss(), 0, columns[1], from, ids.length);
        System.arraycopy(batch.gradNorm(), 0, columns[2], from, ids.length);
        task.advance(ids.length, "");
      }
    }
    Map<String, double[]> named = new LinkedHashMap<>();
    for (int column = 0; column < columns.length; column++) {
      named.put(ScoreInfluenceStage.COLUMNS.get(column), columns[column]);
    }
    return Scores.of(samples, named);
  }

  private static List<String> lines(
      InfluenceSolution solution, SurrogateSamples samples, Path out) {
    List<String> lines = new ArrayList<>(List.of(solution.line()));
    lines.addAll(solution.table());
    lines.add(
        String.format(
            Locale.ROOT,
            "%d samples scored, %d unscorable, written to %s",
            samples.scorable().length,
            samples.unscorable().size(),
            out));
    return lines;
  }
}
