// SPDX-License-Identifier: Apache-2.0
package dev.coppice.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.select.OverallScore;
import dev.coppice.select.Selection;
import java.util.Arrays;

/** The page's numbers as JSON: what the charts draw and what a test or a script reads back. */
final class ReportData {
  private final ObjectMapper mapper = new ObjectMapper();
  private final ReportModel model;
  private final boolean[] kept; // of each row of model.scores

  ReportData(ReportModel model) {
    this.model = model;
    int[] samples = model.scores().samples();
    kept = new boolean[samples.length];
    for (int row = 0; row < kept.length; row++) {
      kept[row] = model.selection().keeps(samples[row]);
    }
  }

  /** Whether each row of the scores is selected. */
  boolean[] kept() {
    return kept;
  }

  /** The histogram of a column of the scores. */
  Histogram histogram(String column) {
    return Histogram.of(model.scores().column(column), kept);
  }

  /**
   * The JSON text, safe inside a script element: every {@code <} is written as an escape, so that
   * no title can end the element. Numbers are the shortest text that reads back to the same double.
   *
   * @param rows rows of the scores to write, ascending
   */
  String json(int[] rows) {
    ObjectNode root = mapper.createObjectNode();
    root.put("title", model.title());
    root.put("samples", kept.length);
    root.set("rows", rows(rows));
    root.set("selected", array(model.selection().selected()));
    root.set("strata", strata());
    ObjectNode histograms = root.putObject("histograms");
    for (String column : new String[] {OverallScore.INFLUENCE, OverallScore.EFFORT}) {
      if (model.scores().has(column)) {
        histograms.set(column, mapper.valueToTree(histogram(column)));
      }
    }
    root.set("stages", mapper.valueToTree(model.stages()));
    root.set("cutoffs", mapper.valueToTree(ReportModel.CUTOFFS));
    model.surrogate().ifPresent(s -> root.set("surrogate", surrogate(s)));
    model.influence().ifPresent(i -> root.set("influence", mapper.valueToTree(i)));
    model.curvature().ifPresent(c -> root.set("curvature", curvature(c)));
    try {
      return mapper.writeValueAsString(root).replace("<", "\\u003c");
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private ObjectNode rows(int[] rows) {
    ObjectNode node = mapper.createObjectNode();
    Selection selection = model.selection();
    node.set("sample", array(pick(selection.samples(), rows)));
    for (String column : model.scores().names()) {
      double[] values = model.scores().column(column);
      ArrayNode array = node.putArray(column);
      Arrays.stream(rows).forEach(row -> array.add(values[row]));
    }
    node.set("stratum", array(pick(selection.stratum(), rows)));
    ArrayNode marks = node.putArray("selected");
    Arrays.stream(rows).forEach(row -> marks.add(kept[row] ? 1 : 0));
    return node;
  }

  private ObjectNode strata() {
    ObjectNode node = mapper.createObjectNode();
    node.set("edges", mapper.valueToTree(model.selection().edges()));
    node.set("sizes", array(model.selection().sizes()));
    node.set("counts", array(model.selection().counts()));
    node.put("hardPruned", model.selection().hardPruned());
    return node;
  }

  private ObjectNode surrogate(ReportModel.Surrogate surrogate) {
    ObjectNode node = mapper.createObjectNode();
    node.put("keptEpoch", surrogate.keptEpoch());
    node.set("evaluations", mapper.valueToTree(surrogate.evaluations()));
    node.set("test", mapper.valueToTree(surrogate.test().orElse(null)));
    ArrayNode baselines = node.putArray("baselines");
    for (ReportModel.Baseline baseline : surrogate.baselines()) {
      ObjectNode one = baselines.addObject();
      one.put("name", baseline.name());
      one.set("valid", mapper.valueToTree(baseline.valid().orElse(null)));
      one.set("test", mapper.valueToTree(baseline.test().orElse(null)));
    }
    return node;
  }

  private ObjectNode curvature(CurvatureEffect effect) {
    ObjectNode node = mapper.createObjectNode();
    node.put("top", effect.top());
    ArrayNode rows = node.putArray("rows");
    for (CurvatureEffect.Row row : effect.rows()) {
      ObjectNode one = rows.addObject();
      one.put("curvature", row.curvature());
      one.put("damping", row.damping());
      one.put("used", row.used());
      one.put("indefinite", row.indefinite());
      row.relative().ifPresent(value -> one.put("relative", value));
      row.residual().ifPresent(value -> one.put("residual", value));
      row.spearman().ifPresent(value -> one.put("spearman", value));
      row.overlap().ifPresent(value -> one.put("overlap", value));
    }
    ArrayNode spectra = node.putArray("spectra");
    for (CurvatureEffect.Spectrum spectrum : effect.spectra()) {
      ObjectNode one = mapper.valueToTree(spectrum);
      double[][] curve = spectrum.curve();
      one.set("x", mapper.valueToTree(curve[0]));
      one.set("y", mapper.valueToTree(curve[1]));
      spectra.add(one);
    }
    return node;
  }

  private ArrayNode array(int[] values) {
    ArrayNode array = mapper.createArrayNode();
    Arrays.stream(values).forEach(array::add);
    return array;
  }

  private static int[] pick(int[] values, int[] rows) {
    return Arrays.stream(rows).map(row -> values[row]).toArray();
  }
}
