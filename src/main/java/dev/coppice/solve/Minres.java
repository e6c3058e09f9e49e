// SPDX-License-Identifier: Apache-2.0
package dev.coppice.solve;

import java.util.OptionalDouble;

/**
 * Solves {@code (H + damping I) q = g} for a symmetric indefinite matrix by minimal residuals in
 * float64: Lanczos, with the tridiagonal least-squares problem solved by plane rotations.
 *
 * @see <a href="https://doi.org/10.1137/0712047">Paige and Saunders 1975</a>
 */
public final class Minres {
  private static final int RESTARTS = 5;

  private Minres() {}

  /**
   * Iterates as {@link ConjugateGradient#solve} does; the solution is marked indefinite.
   *
   * @param g right-hand side, finite, (P)
   */
  public static IhvpSolution solve(
      HessianProduct hessian, double damping, double[] g, double tolerance, int maxProducts) {
    double norm = Vectors.norm(g);
    double residual = norm == 0 ? 0 : 1;
    double[] q = new double[g.length];
    double[] r = g.clone();
    int products = 0;
    for (int pass = 0; pass < RESTARTS && residual > tolerance && products < maxProducts; pass++) {
      double[] trial = q.clone();
      products +=
          minimise(hessian, damping, r, 0.5 * tolerance * norm, maxProducts - products, trial);
      r = Vectors.remainder(hessian, damping, trial, g);
      products++;
      double reached = Vectors.norm(r) / norm;
      if (!(reached < residual)) {
        break;
      }
      residual = reached;
      q = trial;
    }
    boolean converged = residual <= tolerance;
    String note =
        "H + damping I is indefinite: solved by MINRES"
            + (converged ? "" : ", stopped above the tolerance " + tolerance);
    return new IhvpSolution(
        "minres", q, residual, products, converged, true, note, OptionalDouble.empty());
  }

  /**
   * Adds to q the solution for {@code start}; returns the number of products.
   *
   * <p>{@code v} are Lanczos vectors, {@code w} the search directions, {@code (c, s)} rotations;
   * {@code eta} is the signed norm of the residual.
   */
  private static int minimise(
      HessianProduct hessian, double damping, double[] start, double bound, int most, double[] q) {
    int n = q.length;
    double[] vOld = new double[n];
    double[] v = start.clone();
    double beta = Vectors.norm(v);
    if (beta == 0) {
      return 0;
    }
    Vectors.scale(1 / beta, v);
    double[] wOld = new double[n];
    double[] w = new double[n];
    double eta = beta;
    double betaOld = 0;
    double c = 1;
    double cOld = 1;
    double s = 0;
    double sOld = 0;
    int products = 0;
    while (Math.abs(eta) > bound && products < most) {
      double[] next = Vectors.damped(hessian, damping, v);
      products++;
      double alpha = Vectors.dot(v, next);
      Vectors.axpy(-alpha, v, next);
      Vectors.axpy(-betaOld, vOld, next);
      double betaNext = Vectors.norm(next);
      double diagonal = c * alpha - cOld * s * betaOld;
      double pivot = Math.hypot(diagonal, betaNext);
      if (pivot == 0) {
        return products; // singular, and g is not in its range: the best there is
      }
      double above = s * alpha + cOld * c * betaOld;
      double twoAbove = sOld * betaOld;
      cOld = c;
      sOld = s;
      c = diagonal / pivot;
      s = betaNext / pivot;
      double[] direction = v.clone();
      Vectors.axpy(-twoAbove, wOld, direction);
      Vectors.axpy(-above, w, direction);
      Vectors.scale(1 / pivot, direction);
      Vectors.axpy(c * eta, direction, q);
      eta = -s * eta;
      wOld = w;
      w = direction;
      if (betaNext == 0) {
        return products; // the Krylov space is exhausted
      }
      Vectors.scale(1 / betaNext, next);
      vOld = v;
      v = next;
      betaOld = betaNext;
    }
    return products;
  }
}
