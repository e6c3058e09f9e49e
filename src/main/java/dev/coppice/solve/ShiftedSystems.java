// SPDX-License-Identifier: Apache-2.0
package dev.coppice.solve;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Solves {@code (H + shift I) q = g} for several shifts with the products of the smallest one: all
 * share one Krylov space, and the residuals of conjugate gradients are parallel, {@code r_shift =
 * zeta r}, with zeta from a recurrence of scalars.
 *
 * @see <a href="https://arxiv.org/abs/hep-lat/9612014">Jegerlehner 1996</a>
 */
public final class ShiftedSystems {
  private final HessianProduct hessian;
  private final double[] g;
  private final double bound;
  private final int maxProducts;

  private ShiftedSystems(HessianProduct hessian, double[] g, double tolerance, int maxProducts) {
    this.hessian = hessian;
    this.g = g;
    this.maxProducts = maxProducts;
    bound = tolerance * Vectors.norm(g);
  }

  /**
   * The solutions of definite systems.
   *
   * @param shifts in any order, (S)
   * @param g right-hand side, finite, (P)
   * @param tolerance bound of each {@code ||(H + shift I) q - g|| / ||g||} in the recurrences; the
   *     residual told is recomputed from q
   * @param maxProducts of each attempt; residual and {@link IhvpSolution#converged} tell where it
   *     was not enough
   * @return for each shift its solution, or empty if a direction of negative curvature showed that
   *     {@code H + shift I} is indefinite, (S)
   * @throws SolverException if a product is not finite
   */
  public static List<Optional<IhvpSolution>> solve(
      HessianProduct hessian, double[] shifts, double[] g, double tolerance, int maxProducts) {
    return new ShiftedSystems(hessian, g, tolerance, maxProducts).run(shifts, tolerance);
  }

  private List<Optional<IhvpSolution>> run(double[] shifts, double tolerance) {
    List<Shifted> left = new ArrayList<>();
    List<Shifted> systems = Arrays.stream(shifts).mapToObj(Shifted::new).toList();
    left.addAll(systems);
    left.sort(Comparator.comparingDouble(system -> system.shift));
    while (!left.isEmpty() && !descend(left)) {
      left.remove(0).indefinite = true;
    }
    return systems.stream()
        .map(system -> system.indefinite ? Optional.<IhvpSolution>empty() : told(system, tolerance))
        .toList();
  }

  private Optional<IhvpSolution> told(Shifted system, double tolerance) {
    double residual = Vectors.residual(hessian, system.shift, system.q, g);
    // the recurrences drift from the true residual by their rounding
    boolean converged = residual <= 2 * tolerance;
    String note = converged ? "" : "stopped above the tolerance " + tolerance;
    return Optional.of(
        new IhvpSolution(
            "cg",
            system.q,
            residual,
            system.steps,
            converged,
            false,
            note,
            OptionalDouble.empty()));
  }

  /**
   * Conjugate gradients of the first system, with the others along.
   *
   * @return false if the first one is indefinite
   */
  private boolean descend(List<Shifted> systems) {
    double seed = systems.get(0).shift;
    systems.forEach(Shifted::start);
    double[] r = g.clone();
    double[] p = g.clone();
    double rr = Vectors.dot(r, r);
    double alphaOld = 1;
    double beta = 0;
    for (int k = 0; k < maxProducts && Math.sqrt(rr) > bound; k++) {
      double[] product = Vectors.damped(hessian, seed, p);
      double curvature = Vectors.dot(p, product);
      if (curvature <= 0) {
        return false;
      }
      double alpha = rr / curvature;
      for (Shifted system : systems) {
        system.advance(alpha, alphaOld, beta, seed);
      }
      Vectors.axpy(-alpha, product, r);
      double next = Vectors.dot(r, r);
      beta = next / rr;
      rr = next;
      alphaOld = alpha;
      for (int i = 0; i < p.length; i++) {
        p[i] = r[i] + beta * p[i];
      }
      for (Shifted system : systems) {
        system.turn(r, beta, Math.sqrt(rr));
      }
    }
    return true;
  }

  /**
   * One of the systems: its solution, its direction, and what its residual is of the first one's.
   */
  private final class Shifted {
    private final double shift;
    private double[] q;
    private double[] p;
    private double zeta;
    private double zetaOld;
    private int steps;
    private boolean done;
    private boolean indefinite;

    Shifted(double shift) {
      this.shift = shift;
    }

    void start() {
      q = new double[g.length];
      p = g.clone();
      zeta = 1;
      zetaOld = 1;
      steps = 0;
      done = false;
    }

    /** A step along p, where the first system, of shift {@code seed}, makes one of alpha. */
    void advance(double alpha, double alphaOld, double betaOld, double seed) {
      if (done) {
        return;
      }
      double next =
          zeta
              * zetaOld
              * alphaOld
              / (alphaOld * zetaOld * (1 + alpha * (shift - seed))
                  + alpha * betaOld * (zetaOld - zeta));
      Vectors.axpy(alpha * next / zeta, p, q);
      zetaOld = zeta;
      zeta = next;
      steps++;
    }

    /** The next direction, given the first system's residual. */
    void turn(double[] r, double beta, double norm) {
      done = done || Math.abs(zeta) * norm <= bound;
      if (done) {
        return;
      }
      double ratio = zeta / zetaOld;
      double kept = beta * ratio * ratio;
      for (int i = 0; i < p.length; i++) {
        p[i] = zeta * r[i] + kept * p[i];
      }
    }
  }
}
