// SPDX-License-Identifier: Apache-2.0
package dev.coppice.solve;

import java.util.OptionalDouble;

/**
 * Solves {@code (H + damping I) q = g} by conjugate gradients in float64, and by {@link Minres}
 * where the matrix turns out to be indefinite; the solution says so.
 *
 * @see <a href="https://doi.org/10.6028/jres.049.044">Hestenes and Stiefel 1952</a>
 */
public final class ConjugateGradient {
  private static final int RESTARTS = 5;

  private final HessianProduct hessian;
  private final double damping;
  private final double[] g;
  private final double tolerance;
  private final int maxProducts;
  private final double[] q;
  private int products;
  private boolean indefinite;

  private ConjugateGradient(
      HessianProduct hessian, double damping, double[] g, double tolerance, int maxProducts) {
    this.hessian = hessian;
    this.damping = damping;
    this.g = g;
    this.tolerance = tolerance;
    this.maxProducts = maxProducts;
    q = new double[g.length];
  }

  /**
   * Iterates until the residual, recomputed from q, is at most the tolerance, or rounding in the
   * products allows no further progress, or {@code maxProducts} products are spent; the last two
   * are told by {@link IhvpSolution#converged} and the note.
   *
   * @param g right-hand side, finite, (P)
   * @param tolerance bound of {@code ||(H + damping I) q - g|| / ||g||}
   */
  public static IhvpSolution solve(
      HessianProduct hessian, double damping, double[] g, double tolerance, int maxProducts) {
    return new ConjugateGradient(hessian, damping, g, tolerance, maxProducts).run();
  }

  private IhvpSolution run() {
    double norm = Vectors.norm(g);
    double residual = norm == 0 ? 0 : 1;
    double[] best = q.clone();
    double[] r = g.clone();
    for (int pass = 0; pass < RESTARTS && residual > tolerance && products < maxProducts; pass++) {
      descend(r, 0.5 * tolerance * norm); // the recursion's residual drifts from the true one
      if (indefinite) {
        return Minres.solve(hessian, damping, g, tolerance, maxProducts);
      }
      r = Vectors.remainder(hessian, damping, q, g);
      products++;
      double reached = Vectors.norm(r) / norm;
      if (!(reached < residual)) {
        break;
      }
      residual = reached;
      System.arraycopy(q, 0, best, 0, q.length);
    }
    boolean converged = residual <= tolerance;
    String note =
        converged ? "" : "stopped above the tolerance " + tolerance + ": no further progress";
    return new IhvpSolution(
        "cg", best, residual, products, converged, false, note, OptionalDouble.empty());
  }

  /** Adds to q the solution for the right-hand side {@code start}, to an absolute bound. */
  private void descend(double[] start, double bound) {
    double[] r = start.clone();
    double[] p = r.clone();
    double rr = Vectors.dot(r, r);
    while (Math.sqrt(rr) > bound && products < maxProducts) {
      double[] product = Vectors.damped(hessian, damping, p);
      products++;
      double curvature = Vectors.dot(p, product);
      if (curvature <= 0) {
        indefinite = true;
        return;
      }
      double alpha = rr / curvature;
      Vectors.axpy(alpha, p, q);
      Vectors.axpy(-alpha, product, r);
      double next = Vectors.dot(r, r);
      double beta = next / rr;
      rr = next;
      for (int i = 0; i < p.length; i++) {
        p[i] = r[i] + beta * p[i];
      }
    }
  }
}
