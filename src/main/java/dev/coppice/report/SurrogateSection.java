// SPDX-License-Identifier: Apache-2.0
package dev.coppice.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** How well the surrogate ranks, epoch by epoch and beside the baselines. */
final class SurrogateSection {
  private final ReportModel model;
  private final Html html = new Html();

  SurrogateSection(ReportModel model) {
    this.model = model;
  }

  /** The section; empty where the run trained no surrogate. */
  String html() {
    model.surrogate().ifPresent(this::section);
    return html.toString();
  }

  private void section(ReportModel.Surrogate surrogate) {
    html.section("surrogate", "Surrogate");
    if (surrogate.evaluations().isEmpty()) {
      html.element(
          "p",
          "There are no validation items, so no epoch was evaluated: the checkpoint of the last"
              + " epoch ("
              + surrogate.keptEpoch()
              + ") scored the samples.");
    } else {
      html.element(
          "p",
          "The checkpoint of epoch "
              + surrogate.keptEpoch()
              + " scored the samples. Full ranking over all items, those already seen removed.");
      html.markup("<div class=\"pair\">\n")
          .chart("recall", "middle", lines("Recall"), caption("Recall"))
          .chart("ndcg", "middle", lines("NDCG"), caption("NDCG"))
          .markup("</div>\n");
    }
    comparison(surrogate);
    if (!surrogate.evaluations().isEmpty()) {
      html.fold("Every evaluated epoch");
      List<List<String>> rows = new ArrayList<>();
      for (ReportModel.Evaluation evaluation : surrogate.evaluations()) {
        rows.add(
            row(
                List.of(
                    evaluation.epoch()
                        + (evaluation.epoch() == surrogate.keptEpoch() ? " \u2605" : ""),
                    Format.metric(evaluation.loss())),
                Optional.of(evaluation.valid())));
      }
      html.table("Validation by epoch (\u2605 kept)", 1, head("epoch", "loss"), rows).endFold();
    }
    html.endSection();
  }

  private void comparison(ReportModel.Surrogate surrogate) {
    List<List<String>> rows = new ArrayList<>();
    if (surrogate.keptValid().isPresent()) {
      rows.add(row(List.of("surrogate", "validation"), surrogate.keptValid()));
    }
    for (ReportModel.Baseline baseline : surrogate.baselines()) {
      if (baseline.valid().isPresent()) {
        rows.add(row(List.of(baseline.name(), "validation"), baseline.valid()));
      }
    }
    if (surrogate.test().isPresent()) {
      rows.add(row(List.of("surrogate", "test"), surrogate.test()));
    }
    for (ReportModel.Baseline baseline : surrogate.baselines()) {
      if (baseline.test().isPresent()) {
        rows.add(row(List.of(baseline.name(), "test"), baseline.test()));
      }
    }
    if (!rows.isEmpty()) {
      html.table("The surrogate beside its baselines", 2, head("model", "items"), rows);
    }
  }

  private static List<String> head(String... leading) {
    List<String> head = new ArrayList<>(List.of(leading));
    ReportModel.CUTOFFS.forEach(k -> head.add("Recall@" + k));
    ReportModel.CUTOFFS.forEach(k -> head.add("NDCG@" + k));
    return head;
  }

  private static List<String> row(List<String> leading, Optional<ReportModel.Ranking> ranking) {
    List<String> row = new ArrayList<>(leading);
    ReportModel.Ranking values = ranking.orElseThrow();
    for (double recall : values.recall()) {
      row.add(Format.metric(recall));
    }
    for (double ndcg : values.ndcg()) {
      row.add(Format.metric(ndcg));
    }
    return row;
  }

  private static String caption(String metric) {
    return metric + "@K on the validation items by epoch; the kept epoch is marked.";
  }

  private static String lines(String metric) {
    return "Line chart of "
        + metric
        + " at 5, 10, 20 and 50 by epoch; the tables have the numbers.";
  }
}
