// SPDX-License-Identifier: Apache-2.0
package dev.coppice.solve;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Lanczos in float64: the projection of a symmetric matrix H on {@code span{v, H v, ..., H^(k-1)
 * v}}, grown step by step.
 *
 * <p>Each new basis vector is made orthogonal to all earlier ones, twice, as long as the basis
 * takes at most {@link #BASIS_NUMBERS} numbers. A larger one is not kept: then, with rounding,
 * eigenvalues that have converged appear again as copies (Paige 1976). That moves no extreme value,
 * and the weights of the copies add up to the weight of the one.
 *
 * @see <a href="https://doi.org/10.6028/jres.045.026">Lanczos 1950</a>
 * @see <a href="https://doi.org/10.1093/imamat/18.3.341">Paige 1976</a>
 */
final class Lanczos {
  /** Largest basis that is kept: 512 MiB. */
  static final long BASIS_NUMBERS = 64L << 20;

  private static final double EXHAUSTED = 1e-13; // of |H|: what is left of a vector is rounding

  private final HessianProduct hessian;
  private final boolean keepBasis;
  private final double[] alpha;
  private final double[] beta;
  private final List<double[]> basis = new ArrayList<>();
  private final List<double[]> corrections = new ArrayList<>();
  private double[] old;
  private double[] unit;
  private double norm;
  private int steps;
  private boolean exhausted;

  /**
   * Prepares.
   *
   * @param v not zero, (P)
   * @param most steps that may be asked for, 1 or more
   */
  Lanczos(HessianProduct hessian, double[] v, int most) {
    this(hessian, v, most, (long) v.length * most <= BASIS_NUMBERS);
  }

  Lanczos(HessianProduct hessian, double[] v, int most, boolean keepBasis) {
    this.hessian = hessian;
    this.keepBasis = keepBasis;
    int room = Math.min(most, v.length);
    alpha = new double[room];
    beta = new double[room];
    old = new double[v.length];
    unit = v.clone();
    Vectors.scale(1 / Vectors.norm(v), unit);
  }

  /** Steps made, each with one product. */
  int steps() {
    return steps;
  }

  /**
   * Makes one more step.
   *
   * @return false, and nothing done, if v lies in an invariant space that is spanned already, or
   *     there is no more room
   * @throws SolverException if the product is not finite
   */
  boolean step() {
    if (exhausted || steps == alpha.length) {
      return false;
    }
    double[] next = Vectors.damped(hessian, 0, unit);
    double diagonal = Vectors.dot(unit, next);
    Vectors.axpy(-diagonal, unit, next);
    Vectors.axpy(steps == 0 ? 0 : -beta[steps - 1], old, next);
    if (keepBasis) {
      basis.add(unit);
      orthogonalise(next);
    }
    double below = Vectors.norm(next);
    norm = Math.max(norm, Math.abs(diagonal) + below);
    exhausted = below <= EXHAUSTED * norm;
    alpha[steps] = diagonal;
    beta[steps] = exhausted ? 0 : below;
    steps++;
    if (!exhausted) {
      old = unit;
      unit = next;
      Vectors.scale(1 / below, unit);
    }
    return true;
  }

  private void orthogonalise(double[] next) {
    double[] removed = new double[basis.size()];
    for (int pass = 0; pass < 2; pass++) {
      for (int i = 0; i < removed.length; i++) {
        double share = Vectors.dot(basis.get(i), next);
        Vectors.axpy(-share, basis.get(i), next);
        removed[i] += share;
      }
    }
    corrections.add(removed);
  }

  /** Diagonal of the projection, one element a step. */
  double[] diagonal() {
    return Arrays.copyOf(alpha, steps);
  }

  /**
   * Beside the diagonal: element i is that of steps i and i+1; the last one is the norm of what the
   * next step starts from.
   */
  double[] below() {
    return Arrays.copyOf(beta, steps);
  }

  /**
   * {@code sum_i y_i v_i} of the basis vectors, which must be kept.
   *
   * @param y (steps)
   */
  double[] combined(double[] y) {
    double[] sum = new double[unit.length];
    for (int i = 0; i < y.length; i++) {
      Vectors.axpy(y[i], basis.get(i), sum);
    }
    return sum;
  }

  /**
   * {@code H combined(y)} in coordinates of the basis and the vector after it, from the products
   * that were made: what orthogonalisation took away beyond the projection is counted. The basis
   * must be kept.
   *
   * @param y (steps)
   * @return (steps+1)
   */
  double[] image(double[] y) {
    double[] image = new double[steps + 1];
    for (int j = 0; j < steps; j++) {
      if (j > 0) {
        image[j - 1] += beta[j - 1] * y[j];
      }
      image[j] += alpha[j] * y[j];
      image[j + 1] += beta[j] * y[j];
      double[] removed = corrections.get(j);
      for (int i = 0; i < removed.length; i++) {
        image[i] += removed[i] * y[j];
      }
    }
    return image;
  }

  /** Makes no more steps and frees the basis. */
  void end() {
    exhausted = true;
    basis.clear();
  }

  /** What the first k steps tell, k of 1 to {@link #steps}; the same whatever came after. */
  Ritz ritz(int k) {
    Tridiagonal t = Tridiagonal.of(Arrays.copyOf(alpha, k), Arrays.copyOf(beta, k - 1));
    double[] weights = new double[k];
    double[] bounds = new double[k];
    for (int i = 0; i < k; i++) {
      weights[i] = t.first()[i] * t.first()[i];
      bounds[i] = Math.abs(beta[k - 1] * t.last()[i]);
    }
    return new Ritz(t.values(), weights, bounds);
  }

  /**
   * Eigenvalues of the projection.
   *
   * @param values ascending; all lie between the extreme eigenvalues of H, (k)
   * @param weights {@code (u_i . v / |v|)^2} for the projection's unit eigenvectors u: nodes and
   *     weights of the Gauss quadrature of H's spectral density seen from v; sum 1, (k)
   * @param bounds {@code |beta_k s_ki|}, the norm of {@code H u_i - value_i u_i}: some eigenvalue
   *     of H is that near, (k)
   */
  record Ritz(double[] values, double[] weights, double[] bounds) {}
}
