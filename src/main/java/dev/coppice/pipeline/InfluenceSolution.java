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
 * @param facts for run.json
 * @param lines for a reader
 */
record InfluenceSolution(double[] q, Map<String, Object> facts, List<String> lines) {

  /** Solves; the scorer then uses q. */
  static InfluenceSolution of(InfluenceScorer scorer) {
    IhvpSolution solution = scorer.solve();
    Map<String, Object> facts = new LinkedHashMap<>(solution.facts());
    facts.put("damping", scorer.damping());
    return new InfluenceSolution(solution.q(), facts, List.of(line(solution)));
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
