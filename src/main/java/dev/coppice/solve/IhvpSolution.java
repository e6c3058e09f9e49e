// SPDX-License-Identifier: Apache-2.0
package dev.coppice.solve;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * An inverse-Hessian-vector product {@code q = (H + damping I)^-1 g}.
 *
 * @param solver what produced it in the end: {@code cg}, {@code minres}, {@code direct} or {@code
 *     lissa}
 * @param q finite, (P)
 * @param residual {@code ||(H + damping I) q - g|| / ||g||}, recomputed from q; 0 for g = 0
 * @param iterations products with H that the solver made, or LiSSA steps; 0 for {@code direct}
 * @param converged whether the tolerance was reached; true where there is none
 * @param indefinite whether H + damping I was found to have a negative eigenvalue
 * @param note what a reader must know, or empty
 * @param scale LiSSA's scale
 */
public record IhvpSolution(
    String solver,
    double[] q,
    double residual,
    int iterations,
    boolean converged,
    boolean indefinite,
    String note,
    OptionalDouble scale) {

  /**
   * Checks the numbers.
   *
   * @throws SolverException if q or the residual is not finite
   */
  public IhvpSolution {
    if (!Vectors.finite(q) || !Double.isFinite(residual)) {
      throw new SolverException(solver + " gave numbers that are not finite; raise the damping");
    }
  }

  /** The outcome without q, for a record of the run. */
  public Map<String, Object> facts() {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("solver", solver);
    facts.put("residual", residual);
    facts.put("iterations", iterations);
    facts.put("converged", converged);
    facts.put("indefinite", indefinite);
    scale.ifPresent(value -> facts.put("lissaScale", value));
    if (!note.isEmpty()) {
      facts.put("note", note);
    }
    return facts;
  }
}
