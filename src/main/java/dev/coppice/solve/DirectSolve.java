// SPDX-License-Identifier: Apache-2.0
package dev.coppice.solve;

import dev.coppice.backend.Backend;
import java.util.OptionalDouble;

/** Solves {@code (H + damping I) q = g} with the dense H, factorised in float64 on the host. */
public final class DirectSolve {
  /** Most parameters: the dense matrix then takes 512 MiB. */
  public static final int MAX_PARAMETERS = 8192;

  private DirectSolve() {}

  /**
   * Factorises and solves; the residual is taken with the products of {@code check}, not with the
   * dense matrix.
   *
   * @param dense H, (P,P) row-major, symmetric; overwritten
   * @param g right-hand side, (P)
   * @throws SolverException if the matrix is singular
   */
  public static IhvpSolution solve(
      Backend backend, double[] dense, HessianProduct check, double damping, double[] g) {
    int n = g.length;
    if (n > MAX_PARAMETERS || dense.length != (long) n * n) {
      throw new IllegalArgumentException(
          "a dense Hessian of " + n + " parameters, at most " + MAX_PARAMETERS + " expected");
    }
    for (int i = 0; i < n; i++) {
      dense[i * n + i] += damping;
    }
    double[] q = g.clone();
    boolean definite;
    try {
      definite = backend.symmetricSolve(n, dense, q);
    } catch (IllegalArgumentException singular) {
      throw new SolverException(
          "H + damping I is singular at damping " + damping + "; change the damping", singular);
    }
    return new IhvpSolution(
        "direct",
        q,
        Vectors.residual(check, damping, q, g),
        0,
        true,
        !definite,
        definite ? "" : "H + damping I is indefinite",
        OptionalDouble.empty());
  }
}
