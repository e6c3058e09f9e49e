// SPDX-License-Identifier: Apache-2.0
package dev.coppice.report;

import dev.coppice.select.OverallScore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;

/** The top of the page: summary, what was asked, how long it took. */
final class OverviewSections {
  private final ReportModel model;
  private final Html html = new Html();

  OverviewSections(ReportModel model) {
    this.model = model;
  }

  String html() {
    summary();
    contents();
    asked();
    stages();
    return html.toString();
  }

  private void summary() {
    html.markup("<header>\n<p class=\"kind\">Coppice run report</p>\n")
        .element("h1", model.title())
        .element("p class=lead", lead())
        .markup("<dl class=\"figures\">\n");
    int scored = model.scores().size();
    int kept = model.selection().selected().length;
    int without = model.unscorable().size();
    figure("samples scored", Format.count(scored), Format.count(without) + " without a score");
    figure("samples kept", Format.count(kept), Format.percent((double) kept / scored) + " of them");
    int filled = 0;
    for (int size : model.selection().sizes()) {
      filled += size > 0 ? 1 : 0;
    }
    figure(
        "strata with samples",
        filled + " of " + model.selection().sizes().length,
        Format.count(model.selection().hardPruned()) + " samples hard-pruned");
    surrogateFigure();
    double seconds = model.stages().stream().mapToDouble(ReportModel.Stage::seconds).sum();
    figure("in all stages", Format.seconds(seconds), model.stages().size() + " stages");
    html.markup("</dl>\n");
    for (String note : model.notes()) {
      html.element("p class=note", note);
    }
    html.markup("</header>\n");
  }

  private String lead() {
    StringJoiner scores = new StringJoiner(" and ");
    if (model.scores().has(OverallScore.INFLUENCE)) {
      scores.add("influence");
    }
    if (model.scores().has(OverallScore.EFFORT)) {
      scores.add("effort");
    }
    return String.format(
        "%s of %s training samples are kept. They were scored by %s.",
        Format.count(model.selection().selected().length),
        Format.count(model.scores().size()),
        scores);
  }

  private void surrogateFigure() {
    Optional<ReportModel.Ranking> valid =
        model.surrogate().flatMap(ReportModel.Surrogate::keptValid);
    Optional<ReportModel.Ranking> test = model.surrogate().flatMap(ReportModel.Surrogate::test);
    Optional<ReportModel.Ranking> shown = valid.or(() -> test);
    int ten = ReportModel.CUTOFFS.indexOf(10);
    figure(
        "surrogate NDCG@10",
        shown.map(ranking -> Format.metric(ranking.ndcg()[ten])).orElse("\u2013"),
        valid.isPresent() ? "validation" : test.isPresent() ? "test" : "not evaluated");
  }

  private void figure(String name, String value, String remark) {
    html.markup("<div>")
        .element("dt", name)
        .element("dd", value)
        .element("dd class=remark", remark)
        .markup("</div>\n");
  }

  private void contents() {
    html.markup("<nav aria-label=\"Contents\"><ol>\n");
    link("asked", "What was asked");
    link("stages", "Stages");
    if (model.surrogate().isPresent()) {
      link("surrogate", "Surrogate");
    }
    link("scores", "Scores");
    if (model.curvature().isPresent()) {
      link("curvature", "What the curvature changes");
    }
    link("selection", "Selection");
    link("samples", "Highest and lowest samples");
    link("unscorable", "Samples without a score");
    link("reproduce", "How to reproduce");
    html.markup("</ol></nav>\n");
  }

  private void link(String id, String text) {
    html.markup("<li>").element("a href=#" + id, text).markup("</li>\n");
  }

  private void asked() {
    html.section("asked", "What was asked").definitions(model.options()).endSection();
  }

  private void stages() {
    html.section("stages", "Stages");
    html.chart(
        "stages",
        "low",
        "Bar chart of the seconds of each stage; the table below has the numbers.",
        "Wall time of each stage, in seconds.");
    double total = model.stages().stream().mapToDouble(ReportModel.Stage::seconds).sum();
    List<List<String>> rows = new ArrayList<>();
    for (ReportModel.Stage stage : model.stages()) {
      StringJoiner counters = new StringJoiner(", ");
      for (Map.Entry<String, String> counter : stage.counters().entrySet()) {
        counters.add(counter.getKey() + " " + counter.getValue());
      }
      rows.add(
          List.of(
              stage.name(),
              counters.toString(),
              stage.reused() ? "reused" : "ran",
              Format.seconds(stage.seconds()),
              Format.percent(total > 0 ? stage.seconds() / total : 0)));
    }
    html.table("Stages", 3, List.of("stage", "did", "state", "time", "share"), rows)
        .element("h3", "Environment")
        .definitions(model.environment())
        .endSection();
  }
}
