// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.io.AtomicFile;
import dev.coppice.io.ContentHash;
import dev.coppice.report.RunReport;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Writes the report; one unit. */
final class ReportStage implements Stage {
  static final String OUTPUT = "report.html";

  private final RunContext context;
  private final Set<StageName> reused;

  /**
   * Prepares.
   *
   * @param reused stages whose earlier result this run takes
   */
  ReportStage(RunContext context, Set<StageName> reused) {
    this.context = context;
    this.reused = reused;
  }

  @Override
  public StageName name() {
    return StageName.REPORT;
  }

  @Override
  public Map<String, String> inputs() {
    Map<String, String> inputs = new LinkedHashMap<>();
    inputs.put("coppice", Version.coppice());
    inputs.putAll(context.files().of("data/train.txt", "data/items.tsv"));
    for (StageName stage : StageName.values()) {
      StageRecord record = context.folder().manifest().stage(stage);
      if (stage != name() && record.state == StageRecord.State.FINISHED) {
        Map<String, String> result = new LinkedHashMap<>(record.inputs);
        result.putAll(record.outputs);
        inputs.put(stage.label(), HexFormat.of().formatHex(StageRun.key(result)));
      }
    }
    for (String file : SelectStage.scoreFiles(context.options())) {
      inputs.put(file, ContentHash.sha256(context.folder().file(file)));
    }
    return inputs;
  }

  @Override
  public List<String> outputs() {
    return List.of(OUTPUT);
  }

  @Override
  public void discard() {}

  @Override
  public void run(StageRun run) throws IOException {
    run.found(0, 1);
    run.begin();
    String html = RunReport.html(new RunReportModel(context, reused).model(RunScores.of(context)));
    byte[] bytes = html.getBytes(StandardCharsets.UTF_8);
    AtomicFile.write(context.folder().file(OUTPUT), stream -> stream.write(bytes));
    run.end();
  }
}
