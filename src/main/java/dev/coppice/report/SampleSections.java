// SPDX-License-Identifier: Apache-2.0
package dev.coppice.report;

import dev.coppice.select.OverallScore;
import dev.coppice.select.Selection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;

/** The samples with the highest and the lowest overall scores, with their titles. */
final class SampleSections {
  /** Titles of a history that are shown at once; older ones unfold. */
  private static final int RECENT = 6;

  private final ReportModel model;
  private final Map<Integer, ReportModel.SampleText> texts = new HashMap<>();
  private final Html html = new Html();

  SampleSections(ReportModel model) {
    this.model = model;
    model.texts().forEach(text -> texts.put(text.sample(), text));
  }

  String html() {
    int[] shown = RunReport.shownSamples(model.selection());
    int highest = Math.min(RunReport.SHOWN, shown.length);
    html.section("samples", "Highest and lowest samples");
    html.markup("<div class=\"pair\">\n<div>\n").element("h3", "Highest overall score");
    html.markup("<ol class=\"samples\">\n");
    for (int at = 0; at < highest; at++) {
      sample(shown[at], at + 1);
    }
    html.markup("</ol>\n</div>\n<div>\n").element("h3", "Lowest overall score");
    html.markup("<ol class=\"samples\">\n");
    for (int at = shown.length - 1; at >= highest; at--) {
      sample(shown[at], model.scores().size() - (shown.length - 1 - at));
    }
    html.markup("</ol>\n</div>\n</div>\n").endSection();
    return html.toString();
  }

  private void sample(int sample, int rank) {
    Selection selection = model.selection();
    int row = model.scores().indexOf(sample);
    int stratum = selection.stratum()[row];
    boolean kept = selection.keeps(sample);
    html.markup(kept ? "<li class=\"kept\">" : "<li>")
        .markup("<p class=\"id\">")
        .markup("<span>")
        .element("b", "Sample " + sample)
        .text(" \u00b7 rank " + Format.count(rank))
        .markup("</span>")
        .element(
            "span class=mark",
            kept ? "kept" : stratum == Selection.HARD_PRUNED ? "hard-pruned" : "not kept")
        .markup("</p>\n");
    ReportModel.SampleText text = texts.get(sample);
    if (text != null) {
      html.element("p class=target", text.target());
      history(text.history());
    }
    StringJoiner line = new StringJoiner(" \u00b7 "); // a line breaks between pairs, not in them
    for (String column :
        List.of(OverallScore.OVERALL, OverallScore.INFLUENCE, OverallScore.EFFORT)) {
      if (model.scores().has(column)) {
        double score = model.scores().column(column)[row];
        line.add(column + "\u00a0" + Format.significant(score));
      }
    }
    if (stratum != Selection.HARD_PRUNED) {
      line.add("stratum\u00a0" + stratum);
    }
    html.element("p class=numbers", line.toString()).markup("</li>\n");
  }

  private void history(List<String> titles) {
    int older = Math.max(0, titles.size() - RECENT);
    String recent = String.join(" \u2192 ", titles.subList(older, titles.size()));
    if (older == 0) {
      html.element("p class=history", titles.isEmpty() ? "after nothing" : "after " + recent);
      return;
    }
    html.element("p class=history", "after \u2026 " + recent)
        .fold(older + " older")
        .element("p class=history", String.join(" \u2192 ", titles.subList(0, older)))
        .endFold();
  }
}
