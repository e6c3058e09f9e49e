// SPDX-License-Identifier: Apache-2.0
package dev.coppice.report;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.DoubleFunction;

/** Whether the Hessian mattered: eigenvalues, and the ranking at a ladder of dampings. */
final class CurvatureSection {
  private static final String NONE = "\u2013";

  private final ReportModel model;
  private final Html html = new Html();

  CurvatureSection(ReportModel model) {
    this.model = model;
  }

  /** The section; empty where the run made no such study. */
  String html() {
    model.curvature().ifPresent(this::section);
    return html.toString();
  }

  private void section(CurvatureEffect effect) {
    html.section("curvature", "What the curvature changes");
    html.element(
        "p",
        "Without curvature, influence is the dot product of a sample's gradient with the mean"
            + " gradient; with a large damping it still ranks the samples so. A correlation near 1"
            + " says that the curvature hardly matters at that damping.");
    table(effect);
    html.chart(
        "spectrum",
        "middle",
        "Line chart of the density of the eigenvalues; the numbers are below.",
        "Share of the eigenvalues near each value (window: a hundredth of their range), on a"
            + " logarithmic scale; estimated by stochastic Lanczos quadrature.");
    Map<String, String> extremes = new LinkedHashMap<>();
    for (CurvatureEffect.Spectrum spectrum : effect.spectra()) {
      extremes.put(
          "largest eigenvalue, " + spectrum.curvature(),
          within(spectrum.largest(), spectrum.largestError()));
      extremes.put(
          "smallest eigenvalue, " + spectrum.curvature(),
          within(spectrum.smallest(), spectrum.smallestError()));
    }
    html.element("h3", "Extreme eigenvalues").definitions(extremes).endSection();
  }

  private static String within(double value, double error) {
    return Format.significant(value) + " \u00b1 " + Format.significant(error);
  }

  private void table(CurvatureEffect effect) {
    List<List<String>> rows = new ArrayList<>();
    for (CurvatureEffect.Row row : effect.rows()) {
      rows.add(
          List.of(
              row.curvature() + (row.used() ? " \u2605" : ""),
              row.indefinite() ? "indefinite" : "definite",
              Format.significant(row.damping()),
              shown(
                  row.relative(),
                  value -> BigDecimal.valueOf(value).stripTrailingZeros().toPlainString() + "x"),
              shown(row.spearman(), Format::metric),
              shown(row.overlap(), Format::percent),
              shown(row.residual(), Format::significant)));
    }
    html.table(
        "Influence against the plain gradient dot product (\u2605 the scores of this run)",
        2,
        List.of(
            "curvature",
            "system",
            "damping",
            "of the largest eigenvalue",
            "rank correlation",
            "top " + Format.count(effect.top()) + " in common",
            "residual"),
        rows);
  }

  private static String shown(OptionalDouble value, DoubleFunction<String> format) {
    return value.isPresent() ? format.apply(value.getAsDouble()) : NONE;
  }
}
