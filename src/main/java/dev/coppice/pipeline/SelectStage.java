// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.data.PromptText;
import dev.coppice.io.AlpacaFile;
import dev.coppice.io.ContentHash;
import dev.coppice.io.SelectionFile;
import dev.coppice.select.Selection;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Selects, and writes selection and score tables; one unit. */
final class SelectStage implements Stage {
  static final String IDS = "selection.txt";
  static final String RECORDS = "selection.jsonl";

  private final RunContext context;

  SelectStage(RunContext context) {
    this.context = context;
  }

  @Override
  public StageName name() {
    return StageName.SELECT;
  }

  @Override
  public Map<String, String> inputs() {
    Map<String, String> inputs = new LinkedHashMap<>();
    inputs.put("coppice", Version.coppice());
    inputs.putAll(RunOption.inputsOf(name(), context.options()));
    inputs.putAll(context.files().of("data/train.txt", "data/items.tsv", "data/prompt.json"));
    for (String file : scoreFiles(context.options())) {
      inputs.put(file, ContentHash.sha256(context.folder().file(file)));
    }
    return inputs;
  }

  /** The score files of a run. */
  static List<String> scoreFiles(PruneOptions options) {
    return options.llm().isPresent()
        ? List.of(ScoreInfluenceStage.OUTPUT, ScoreEffortStage.OUTPUT)
        : List.of(ScoreInfluenceStage.OUTPUT);
  }

  @Override
  public List<String> outputs() {
    List<String> outputs = new ArrayList<>(RunScores.files());
    outputs.add(RECORDS);
    outputs.add(IDS);
    return outputs;
  }

  @Override
  public void discard() {}

  @Override
  public void run(StageRun run) throws IOException {
    run.found(0, 1);
    run.begin();
    RunScores scores = RunScores.of(context);
    Selection selection = scores.selection();
    scores.write(context.folder(), context.dataset().samples());
    AlpacaFile.writeJsonl(
        context.folder().file(RECORDS),
        () ->
            Arrays.stream(selection.selected())
                .mapToObj(sample -> PromptText.record(context.dataset(), sample))
                .iterator());
    SelectionFile.write(context.folder().file(IDS), selection.selected());
    run.fact("candidates", selection.samples().length);
    run.fact("hard_pruned", selection.hardPruned());
    run.fact("selected", selection.selected().length);
    run.fact("stratum_sizes", selection.sizes());
    run.fact("stratum_counts", selection.counts());
    run.end();
  }
}
