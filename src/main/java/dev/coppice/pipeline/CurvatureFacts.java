// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coppice.report.CurvatureEffect;
import dev.coppice.score.Damping;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/** The curvature report as run.json has it, read back. */
final class CurvatureFacts {
  /** Where it is in the facts of a solution. */
  static final String KEY = "curvatureReport";

  private CurvatureFacts() {}

  /** As the report takes it; empty where the run made none. */
  static Optional<CurvatureEffect> read(JsonNode solution) {
    JsonNode facts = solution.path(KEY);
    if (facts.isMissingNode()) {
      return Optional.empty();
    }
    List<CurvatureEffect.Spectrum> spectra = new ArrayList<>();
    facts
        .path("spectra")
        .properties()
        .forEach(entry -> spectra.add(spectrum(entry.getKey(), entry.getValue())));
    List<CurvatureEffect.Row> rows = new ArrayList<>();
    facts.path("rows").forEach(node -> rows.add(row(node)));
    return Optional.of(new CurvatureEffect(spectra, facts.path("top").asInt(), rows));
  }

  private static CurvatureEffect.Spectrum spectrum(String curvature, JsonNode facts) {
    return new CurvatureEffect.Spectrum(
        curvature,
        facts.path("largest").asDouble(),
        facts.path("largestError").asDouble(),
        facts.path("smallest").asDouble(),
        facts.path("smallestError").asDouble(),
        numbers(facts.path("nodes")),
        numbers(facts.path("weights")));
  }

  private static CurvatureEffect.Row row(JsonNode facts) {
    return new CurvatureEffect.Row(
        facts.path("curvature").asText(),
        facts.path("damping").asDouble(),
        number(facts.path("relative")),
        facts.path("used").asBoolean(),
        facts.path("indefinite").asBoolean(),
        number(facts.path("residual")),
        number(facts.path("spearman")),
        number(facts.path("overlap")));
  }

  private static OptionalDouble number(JsonNode node) {
    return node.isNumber() ? OptionalDouble.of(node.asDouble()) : OptionalDouble.empty();
  }

  private static double[] numbers(JsonNode array) {
    double[] numbers = new double[array.size()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = array.get(i).asDouble();
    }
    return numbers;
  }

  /** As a reader of the command line wants it: eigenvalues, then a table. */
  static List<String> lines(CurvatureEffect effect) {
    List<String> lines = new ArrayList<>();
    for (CurvatureEffect.Spectrum spectrum : effect.spectra()) {
      lines.add(
          text(
              "%s: eigenvalues from %.4g (within %.0e) to %.4g (within %.0e)",
              spectrum.curvature(),
              spectrum.smallest(),
              spectrum.smallestError(),
              spectrum.largest(),
              spectrum.largestError()));
    }
    lines.add("influence against the plain gradient dot product, * the scores of this run:");
    lines.add(
        text(
            "  %-13s %10s %9s %12s %16s %9s",
            "curvature",
            "damping",
            "",
            "correlation",
            "top " + effect.top() + " shared",
            "residual"));
    for (CurvatureEffect.Row row : effect.rows()) {
      lines.add(
          text(
              "%s %-13s %10.4g %9s %12s %16s %9s",
              row.used() ? "*" : " ",
              row.curvature(),
              row.damping(),
              row.relative().isPresent()
                  ? "(" + Damping.relative(row.relative().getAsDouble()) + ")"
                  : "",
              row.indefinite() && row.spearman().isEmpty()
                  ? "indefinite"
                  : shown("%.4f", row.spearman()),
              row.overlap().isPresent() ? text("%.1f %%", 100 * row.overlap().getAsDouble()) : "",
              shown("%.1e", row.residual())));
    }
    return lines;
  }

  private static String shown(String format, OptionalDouble value) {
    return value.isPresent() ? text(format, value.getAsDouble()) : "";
  }

  private static String text(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
