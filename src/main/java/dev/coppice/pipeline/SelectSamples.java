// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.data.ConfigException;
import dev.coppice.data.InputException;
import dev.coppice.data.Scores;
import dev.coppice.io.ScoreCsv;
import dev.coppice.io.SelectionFile;
import dev.coppice.select.OverallScore;
import dev.coppice.select.Selection;
import dev.coppice.select.Selector;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Selects from score files on its own, without a run folder. */
public final class SelectSamples {
  private static final Set<String> COLUMNS = Set.of(OverallScore.INFLUENCE, OverallScore.EFFORT);

  private SelectSamples() {}

  /**
   * Selects and writes the ids of the samples kept, ascending, one a line.
   *
   * @param files one or two CSV files whose columns influence and effort count
   * @param out file of ids, replaced
   * @return how many of how many were kept
   * @throws InputException if a file is wrong or too few samples have a score; nothing is written
   * @throws ConfigException if there are more than two files, or {@code out} is one of them
   * @throws IOException if the file cannot be written
   */
  public static Outcome run(
      List<Path> files, Path out, SelectOptions options, RunOptions run, Progress progress)
      throws IOException {
    OutputPath.requireFile("--out", out);
    if (files.isEmpty() || files.size() > 2) {
      throw new ConfigException("--scores names " + files.size() + " files; give one or two");
    }
    List<Scores> sources = new ArrayList<>();
    for (Path file : files) {
      Scores scores = ScoreCsv.read(file, COLUMNS);
      if (scores.names().isEmpty()) {
        throw InputException.at(
            file.toString(),
            1,
            "there is neither a column influence nor effort",
            "give a file of coppice score");
      }
      if (Files.exists(out) && Files.isSameFile(file, out)) {
        throw new ConfigException("--out " + out + ": is a file of --scores; name another");
      }
      sources.add(scores);
    }
    Scores overall = OverallScore.combine(sources, options.lambda());
    Selection selection =
        Selector.select(
            options.config(run.seed()), overall.samples(), overall.column(OverallScore.OVERALL));
    SelectionFile.write(out, selection.selected());
    if (overall.names().size() == 2) {
      progress.message("one score is given: --lambda has no part in the selection");
    }
    return new Outcome(List.of(line(selection, options, out)), facts(selection, out));
  }

  private static String line(Selection selection, SelectOptions options, Path out) {
    long strata = Arrays.stream(selection.sizes()).filter(size -> size > 0).count();
    return String.format(
        Locale.ROOT,
        "%d of %d samples kept by %s (%d hard-pruned, %d strata with samples), written to %s",
        selection.selected().length,
        selection.samples().length,
        options.strategy(),
        selection.hardPruned(),
        strata,
        out);
  }

  private static Map<String, Object> facts(Selection selection, Path out) {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("selected", selection.selected().length);
    facts.put("candidates", selection.samples().length);
    facts.put("hard_pruned", selection.hardPruned());
    facts.put("stratum_sizes", selection.sizes());
    facts.put("stratum_counts", selection.counts());
    facts.put("out", out.toAbsolutePath().toString());
    return facts;
  }
}
