// SPDX-License-Identifier: Apache-2.0
package dev.coppice.solve;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Solves {@code (H + shift I) q = g} for several shifts on one Krylov space of g, grown by one
 * product a step: {@code q = V y}, {@code (T + shift I) y = |g| e_1}, with V the basis of {@link
 * Lanczos} and T its projection of H. In exact arithmetic these are the iterates of conjugate
 * gradients; the basis is kept orthogonal, so that rounding delays none.
 *
 * @see <a href="https://doi.org/10.1137/1.9780898718003">Saad 2003</a>, section 6.7
 */
public final class ProjectedSystems {
  private final double[] g;
  private final double norm;
  private final Lanczos space;

  /**
   * Prepares; makes no product.
   *
   * @param g right-hand side, finite, (P)
   * @param maxProducts dimension of the space; fewer where its basis would take more than 512 MiB
   */
  public ProjectedSystems(HessianProduct hessian, double[] g, int maxProducts) {
    this.g = g.clone();
    norm = Vectors.norm(g);
    int room = Math.toIntExact(Math.max(1, Lanczos.BASIS_NUMBERS / g.length));
    space = norm == 0 ? null : new Lanczos(hessian, g, Math.min(maxProducts, room), true);
  }

  /** Products so far. */
  public int products() {
    return space == null ? 0 : space.steps();
  }

  /**
   * The largest eigenvalue of H that g has a part in, by the fewest steps at which the residual is
   * at most a share of it; by all there are if none is. 0 for g = 0.
   *
   * @throws SolverException if a product is not finite
   */
  public double largest(double error) {
    if (space == null) {
      return 0;
    }
    while (true) {
      boolean more = space.step();
      Lanczos.Ritz ritz = space.ritz(space.steps());
      int top = ritz.values().length - 1;
      if (!more || ritz.bounds()[top] <= error * Math.abs(ritz.values()[top])) {
        return ritz.values()[top];
      }
    }
  }

  /**
   * Grows the space until each system is solved or seen to be indefinite, or there is no more room,
   * and gives all solutions in it.
   *
   * @param shifts in any order, (S)
   * @param tolerance bound of each {@code ||(H + shift I) q - g|| / ||g||}, which is taken from the
   *     products that were made, by linearity
   * @return for each shift its solution, or empty if the space holds a direction of negative
   *     curvature, so that {@code H + shift I} is indefinite, (S)
   * @throws SolverException if a product is not finite
   */
  public List<Optional<IhvpSolution>> solve(double[] shifts, double tolerance) {
    while (space != null && open(shifts, tolerance) && space.step()) {
      // it grows
    }
    List<Optional<IhvpSolution>> solutions = new ArrayList<>();
    for (double shift : shifts) {
      solutions.add(coordinates(shift).map(y -> told(shift, y, tolerance)));
    }
    return solutions;
  }

  private boolean open(double[] shifts, double tolerance) {
    for (double shift : shifts) {
      Optional<double[]> y = coordinates(shift);
      if (y.isPresent() && residual(shift, y.get()) > tolerance) {
        return true;
      }
    }
    return false;
  }

  private IhvpSolution told(double shift, double[] y, double tolerance) {
    double residual = residual(shift, y);
    boolean converged = residual <= tolerance;
    return new IhvpSolution(
        "cg",
        y.length == 0 ? new double[g.length] : space.combined(y),
        residual,
        products(),
        converged,
        false,
        converged ? "" : "stopped above the tolerance " + tolerance,
        OptionalDouble.empty());
  }

  /**
   * Solution of the projected system, by elimination; empty if a pivot is not positive: then one of
   * its eigenvalues is not, and H, which it is a projection of, has one at or below it.
   */
  private Optional<double[]> coordinates(double shift) {
    int n = products();
    double[] y = new double[n];
    if (n == 0) {
      return Optional.of(y);
    }
    double[] pivot = space.diagonal();
    double[] below = space.below();
    y[0] = norm;
    for (int i = 0; i < n; i++) {
      pivot[i] += shift;
      if (i > 0) {
        double factor = below[i - 1] / pivot[i - 1];
        pivot[i] -= factor * below[i - 1];
        y[i] = -factor * y[i - 1];
      }
      if (!(pivot[i] > 0)) {
        return Optional.empty();
      }
    }
    for (int i = n - 1; i >= 0; i--) {
      y[i] = (y[i] - (i == n - 1 ? 0 : below[i] * y[i + 1])) / pivot[i];
    }
    return Optional.of(y);
  }

  private double residual(double shift, double[] y) {
    if (y.length == 0) {
      return norm == 0 ? 0 : 1;
    }
    double[] remainder = space.image(y);
    for (int i = 0; i < y.length; i++) {
      remainder[i] += shift * y[i];
    }
    remainder[0] -= norm;
    return Vectors.norm(remainder) / norm;
  }
}
