// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.data.Scores;
import dev.coppice.io.NpyFile;
import dev.coppice.io.ParquetFile;
import dev.coppice.io.ScoreCsv;
import dev.coppice.select.OverallScore;
import dev.coppice.select.Selection;
import dev.coppice.select.Selector;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All scores of a run and the selection that follows from them.
 *
 * @param influence columns influence, loss, grad_norm
 * @param effort columns effort, loss, tokens; empty without a language model
 * @param overall columns influence and effort (as far as there) and overall, of the samples that
 *     have an overall score
 * @param selection what is kept
 */
record RunScores(Scores influence, Optional<Scores> effort, Scores overall, Selection selection) {
  static final String PARQUET = "scores.parquet";
  private static final int NONE = Integer.MIN_VALUE; // NULL in Parquet

  /** Reads the score files of a run and selects. */
  static RunScores of(RunContext context) {
    PruneOptions options = context.options();
    Scores influence = ScoreCsv.read(context.folder().file(ScoreInfluenceStage.OUTPUT));
    Optional<Scores> effort =
        options.llm().map(model -> ScoreCsv.read(context.folder().file(ScoreEffortStage.OUTPUT)));
    List<Scores> sources = new ArrayList<>(List.of(influence));
    effort.ifPresent(sources::add);
    Scores overall = OverallScore.combine(sources, options.select().lambda());
    Selection selection =
        Selector.select(
            options.select().config(options.run().seed()),
            overall.samples(),
            overall.column(OverallScore.OVERALL));
    return new RunScores(influence, effort, overall, selection);
  }

  /** Names of the files that {@link #write} makes. */
  static List<String> files() {
    List<String> files = new ArrayList<>(List.of(PARQUET));
    for (String column :
        List.of(
            "influence",
            "surrogate_loss",
            "grad_norm",
            "effort",
            "llm_loss",
            "tokens",
            "overall",
            "stratum",
            "selected")) {
      files.add(column + ".npy");
    }
    return files;
  }

  /** Writes the table as Parquet, and each column as an array indexed by sample id. */
  void write(RunFolder folder, int samples) throws IOException {
    Map<String, Object> columns = columns(samples);
    ParquetFile.write(folder.file(PARQUET), columns);
    for (Map.Entry<String, Object> column : columns.entrySet()) {
      if (column.getKey().equals("sample")) {
        continue; // the index of every array
      }
      String file = column.getKey() + ".npy";
      if (column.getValue() instanceof double[] values) {
        NpyFile.write(folder.file(file), values);
      } else if (column.getValue() instanceof boolean[] values) {
        NpyFile.write(folder.file(file), values);
      } else {
        int none = column.getKey().equals("stratum") ? Selection.HARD_PRUNED - 1 : -1;
        int[] values = (int[]) column.getValue();
        int[] shown = Arrays.stream(values).map(value -> value == NONE ? none : value).toArray();
        NpyFile.write(folder.file(file), shown);
      }
    }
  }

  private Map<String, Object> columns(int samples) {
    int[] ids = new int[samples];
    int[] tokens = new int[samples];
    int[] stratum = new int[samples];
    boolean[] selected = new boolean[samples];
    Arrays.setAll(ids, sample -> sample);
    Arrays.setAll(tokens, sample -> tokens(sample));
    Arrays.fill(stratum, NONE);
    for (int row = 0; row < selection.samples().length; row++) {
      stratum[selection.samples()[row]] = selection.stratum()[row];
    }
    for (int sample : selection.selected()) {
      selected[sample] = true;
    }
    Map<String, Object> columns = new LinkedHashMap<>();
    columns.put("sample", ids);
    columns.put("influence", column(Optional.of(influence), "influence", samples));
    columns.put("surrogate_loss", column(Optional.of(influence), "loss", samples));
    columns.put("grad_norm", column(Optional.of(influence), "grad_norm", samples));
    columns.put("effort", column(effort, "effort", samples));
    columns.put("llm_loss", column(effort, "loss", samples));
    columns.put("tokens", tokens);
    columns.put("overall", column(Optional.of(overall), OverallScore.OVERALL, samples));
    columns.put("stratum", stratum);
    columns.put("selected", selected);
    return columns;
  }

  private int tokens(int sample) {
    int row = effort.isEmpty() ? -1 : effort.get().indexOf(sample);
    return row < 0 ? NONE : (int) effort.get().column("tokens")[row];
  }

  /** Values by sample id, NaN where there is no score. */
  private static double[] column(Optional<Scores> scores, String name, int samples) {
    double[] values = new double[samples];
    Arrays.fill(values, Double.NaN);
    scores.ifPresent(
        given -> {
          for (int row = 0; row < given.size(); row++) {
            values[given.samples()[row]] = given.column(name)[row];
          }
        });
    return values;
  }
}
