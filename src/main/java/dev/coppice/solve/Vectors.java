// SPDX-License-Identifier: Apache-2.0
package dev.coppice.solve;

/** Arithmetic of vectors in float64, in index order. */
final class Vectors {
  private Vectors() {}

  static double dot(double[] x, double[] y) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += x[i] * y[i];
    }
    return sum;
  }

  static double norm(double[] x) {
    return Math.sqrt(dot(x, x));
  }

  /** {@code y += alpha x}. */
  static void axpy(double alpha, double[] x, double[] y) {
    for (int i = 0; i < x.length; i++) {
      y[i] += alpha * x[i];
    }
  }

  /** {@code x *= factor}. */
  static void scale(double factor, double[] x) {
    for (int i = 0; i < x.length; i++) {
      x[i] *= factor;
    }
  }

  static boolean finite(double[] x) {
    for (double value : x) {
      if (!Double.isFinite(value)) {
        return false;
      }
    }
    return true;
  }

  /**
   * {@code H v + damping v}.
   *
   * @throws SolverException if the product is not finite
   */
  static double[] damped(HessianProduct hessian, double damping, double[] v) {
    double[] product = hessian.product(v);
    axpy(damping, v, product);
    if (!finite(product)) {
      throw new SolverException("a Hessian product is not finite; check the surrogate's weights");
    }
    return product;
  }

  /** {@code g - (H + damping I) q}. */
  static double[] remainder(HessianProduct hessian, double damping, double[] q, double[] g) {
    double[] remainder = damped(hessian, damping, q);
    for (int i = 0; i < g.length; i++) {
      remainder[i] = g[i] - remainder[i];
    }
    return remainder;
  }

  /** {@code ||(H + damping I) q - g|| / ||g||}; 0 for g = 0. */
  static double residual(HessianProduct hessian, double damping, double[] q, double[] g) {
    double norm = norm(g);
    return norm == 0 ? 0 : norm(remainder(hessian, damping, q, g)) / norm;
  }
}
