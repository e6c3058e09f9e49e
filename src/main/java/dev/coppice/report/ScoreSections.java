// SPDX-License-Identifier: Apache-2.0
package dev.coppice.report;

import dev.coppice.select.OverallScore;
import dev.coppice.select.Selection;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The distributions of the scores, and the strata cut from them. */
final class ScoreSections {
  private static final double[] SHARES = {0, 0.05, 0.25, 0.5, 0.75, 0.95, 1};

  private final ReportModel model;
  private final ReportData data;
  private final int rows; // rows of the scores that travel in the page
  private final Html html = new Html();

  ScoreSections(ReportModel model, ReportData data, int rows) {
    this.model = model;
    this.data = data;
    this.rows = rows;
  }

  String html() {
    html.section("scores", "Scores");
    boolean influence = model.scores().has(OverallScore.INFLUENCE);
    boolean effort = model.scores().has(OverallScore.EFFORT);
    facts();
    quantiles();
    html.markup(influence && effort ? "<div class=\"pair\">\n" : "<div>\n");
    if (influence) {
      histogramChart(OverallScore.INFLUENCE, "Influence score");
    }
    if (effort) {
      histogramChart(OverallScore.EFFORT, "Effort score");
    }
    html.markup("</div>\n");
    if (influence && effort) {
      scatter();
    }
    if (influence) {
      histogramTable(OverallScore.INFLUENCE);
    }
    if (effort) {
      histogramTable(OverallScore.EFFORT);
    }
    html.endSection();
    strata();
    return html.toString();
  }

  private void facts() {
    model.influence().ifPresent(this::influenceFacts);
    if (!model.effort().isEmpty()) {
      html.element("h3", "How effort was computed").definitions(model.effort());
    }
  }

  private void influenceFacts(ReportModel.Influence influence) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("solver", influence.solver());
    facts.put("curvature", influence.curvature());
    String relative = influence.asked().endsWith("x") ? " (" + influence.asked() + ")" : "";
    facts.put("damping", Format.significant(influence.damping()) + relative);
    facts.put("Hessian-vector products", Format.count(influence.iterations()));
    facts.put("relative residual", Format.significant(influence.residual()));
    html.element("h3", "How influence was solved").definitions(facts);
    for (String remark : influence.remarks()) {
      html.element("p class=note", remark);
    }
  }

  private void quantiles() {
    List<List<String>> table = new ArrayList<>();
    for (String column :
        List.of(OverallScore.INFLUENCE, OverallScore.EFFORT, OverallScore.OVERALL)) {
      if (model.scores().has(column)) {
        double[] values = model.scores().column(column);
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        double step = (Quantiles.of(sorted, 0.95) - Quantiles.of(sorted, 0.05)) / 10;
        table.add(quantileRow(column, "all", values, step));
        double[] selected = new double[model.selection().selected().length];
        int at = 0;
        for (int row = 0; row < values.length; row++) {
          if (data.kept()[row]) {
            selected[at++] = values[row];
          }
        }
        table.add(quantileRow(column, "kept", selected, step));
      }
    }
    html.table(
        "Distribution of the scores",
        2,
        List.of("score", "samples", "min", "5 %", "25 %", "median", "75 %", "95 %", "max", "mean"),
        table);
  }

  private static List<String> quantileRow(
      String column, String samples, double[] values, double step) {
    List<String> row = new ArrayList<>(List.of(column, samples));
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    for (double share : SHARES) {
      row.add(Format.aligned(Quantiles.of(sorted, share), step));
    }
    row.add(Format.aligned(Quantiles.mean(values), step));
    return row;
  }

  private void histogramChart(String column, String name) {
    Histogram histogram = data.histogram(column);
    int outside = histogram.below()[0] + histogram.above()[0];
    String tails =
        outside == 0
            ? ""
            : " The two outer bars gather the "
                + Format.count(outside)
                + " samples beyond the central 99\u202f%.";
    html.chart(
        column,
        "middle",
        "Histogram of the " + column + " score; a table with the numbers can be unfolded below.",
        name + " of all and of the kept samples; counts on a logarithmic scale." + tails);
  }

  private void histogramTable(String column) {
    Histogram histogram = data.histogram(column);
    double[] edges = histogram.edges();
    double step = edges[1] - edges[0];
    List<List<String>> table = new ArrayList<>();
    if (histogram.below()[0] > 0) {
      table.add(histogramRow("below", Format.aligned(edges[0], step), histogram.below()));
    }
    for (int bin = 0; bin < histogram.counts().length; bin++) {
      table.add(
          histogramRow(
              Format.aligned(edges[bin], step),
              Format.aligned(edges[bin + 1], step),
              new int[] {histogram.counts()[bin], histogram.selected()[bin]}));
    }
    if (histogram.above()[0] > 0) {
      table.add(
          histogramRow(
              Format.aligned(edges[edges.length - 1], step), "and above", histogram.above()));
    }
    html.fold("Histogram of " + column + " as a table")
        .table("Histogram of " + column, 0, List.of("from", "to", "samples", "kept"), table)
        .endFold();
  }

  private static List<String> histogramRow(String from, String to, int[] counts) {
    return List.of(from, to, Format.count(counts[0]), Format.count(counts[1]));
  }

  private void scatter() {
    String drawn =
        rows == model.scores().size()
            ? "Every sample is drawn."
            : Format.count(rows)
                + " of "
                + Format.count(model.scores().size())
                + " samples are drawn: all kept ones and a seeded choice of the others.";
    html.element("h3", "Influence against effort")
        .chart(
            "scatter",
            "tall",
            "Scatter plot of influence against effort, kept samples highlighted.",
            "Influence against effort; kept samples highlighted. " + drawn);
  }

  private void strata() {
    Selection selection = model.selection();
    html.section("selection", "Selection");
    html.element(
        "p",
        String.format(
            "The overall score of the samples left after hard pruning (%s dropped) is cut into %s"
                + " of equal width.",
            Format.count(selection.hardPruned()),
            selection.sizes().length == 1 ? "one stratum" : selection.sizes().length + " strata"));
    html.chart(
        "strata",
        "middle",
        "Bar chart of the samples in each stratum before and after selection.",
        "Samples in each stratum before selection and kept from it, from the lowest overall score"
            + " to the highest; counts on a logarithmic scale.");
    double step = selection.edges()[1] - selection.edges()[0];
    List<List<String>> table = new ArrayList<>();
    for (int k = 0; k < selection.sizes().length; k++) {
      int size = selection.sizes()[k];
      int count = selection.counts()[k];
      table.add(
          List.of(
              Integer.toString(k),
              Format.aligned(selection.edges()[k], step),
              Format.aligned(selection.edges()[k + 1], step),
              Format.count(size),
              Format.count(count),
              size == 0 ? "\u2013" : Format.percent((double) count / size)));
    }
    html.fold("Strata as a table")
        .table("Strata", 1, List.of("stratum", "from", "to", "samples", "kept", "share"), table)
        .endFold()
        .endSection();
  }
}
