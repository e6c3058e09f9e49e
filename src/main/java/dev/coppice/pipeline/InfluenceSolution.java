// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.score.InfluenceScorer;
import dev.coppice.solve.IhvpSolution;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The direction q of influence, and what is told about it.
 *
 * @param q (P)
 * @param facts for run.json, with the curvature report where one was asked for
 * @param line how it was solved, for a reader
 */
record InfluenceSolution(double[] q, Map<String, Object> facts, String line) {

  /** Solves; the scorer then uses q. */
  static InfluenceSolution of(InfluenceScorer scorer, InfluenceOptions options, Progress progress) {
    IhvpSolution solution = scorer.solve();
    Map<String, Object> facts = new LinkedHashMap<>(solution.facts());
    facts.put("damping", scorer.damping());
    if (options.curvatureReport()) {
      progress.message("influence: looking at what the curvature changes");
      facts.put(CurvatureFacts.KEY, scorer.curvatureReport(solution).facts());
    }
    return new InfluenceSolution(solution.q(), facts, line(solution));
  }

  /** A table of the curvature report; empty where there is none. */
  List<String> table() {
    return CurvatureFacts.read(Ranking.tree(facts)).map(CurvatureFacts::lines).orElse(List.of());
  }

  private static String line(IhvpSolution solution) {
    return String.format(
        Locale.ROOT,
        "%s: relative residual %.2e after %d iterations%s%s",
        solution.solver(),
        solution.residual(),
        solution.iterations(),
        solution.indefinite() ? ", indefinite" : "",
        solution.note().isEmpty() ? "" : "; " + solution.note());
  }
}
