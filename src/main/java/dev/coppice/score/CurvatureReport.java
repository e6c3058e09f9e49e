// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.model.Curvature;
import dev.coppice.solve.Spectrum;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * How much the curvature changes influence: its ranking of the samples against that of the plain
 * gradient dot product {@code g(s).gbar}, which is what influence becomes at infinite damping.
 *
 * @param spectra eigenvalues of the curvature asked for and of the Hessian
 * @param top number of samples whose overlap is told
 * @param rows by curvature, falling damping
 * @param products Hessian and Gauss-Newton products spent
 */
public record CurvatureReport(
    Map<Curvature, Spectrum> spectra, int top, List<Row> rows, int products) {

  /**
   * One damping.
   *
   * @param curvature which matrix H
   * @param damping lambda
   * @param relative lambda over the largest eigenvalue of H, for a rung of the ladder; empty for
   *     the damping of the run where it is none
   * @param used whether the scores of the run are these
   * @param indefinite whether {@code H + damping I} has a negative eigenvalue
   * @param residual of q; empty where the system is indefinite and was not solved
   * @param spearman rank correlation of influence with the gradient dot product; empty likewise
   * @param overlap share of the {@code top} highest that both have; empty likewise
   */
  public record Row(
      Curvature curvature,
      double damping,
      OptionalDouble relative,
      boolean used,
      boolean indefinite,
      OptionalDouble residual,
      OptionalDouble spearman,
      OptionalDouble overlap) {
    private Map<String, Object> facts() {
      Map<String, Object> facts = new LinkedHashMap<>();
      facts.put("curvature", label(curvature));
      facts.put("damping", damping);
      relative.ifPresent(value -> facts.put("relative", value));
      facts.put("used", used);
      facts.put("indefinite", indefinite);
      residual.ifPresent(value -> facts.put("residual", value));
      spearman.ifPresent(value -> facts.put("spearman", value));
      overlap.ifPresent(value -> facts.put("overlap", value));
      return facts;
    }
  }

  private static String label(Curvature curvature) {
    return curvature.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** As run.json has it. */
  public Map<String, Object> facts() {
    Map<String, Object> eigenvalues = new LinkedHashMap<>();
    spectra.forEach((curvature, spectrum) -> eigenvalues.put(label(curvature), spectrum.facts()));
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("spectra", eigenvalues);
    facts.put("top", top);
    facts.put("rows", rows.stream().map(Row::facts).toList());
    facts.put("products", products);
    return facts;
  }
}
