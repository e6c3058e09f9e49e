// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

/**
 * Definitions of the layer norm of a residual sum: one row of width D at a time.
 *
 * @see <a href="https://arxiv.org/abs/1607.06450">Ba, Kiros and Hinton 2016</a>
 */
final class ReferenceLayerNorm {
  private ReferenceLayerNorm() {}

  /** {@code sum_d x[row,d] / D}. */
  private static double mean(int width, double[] x, int row) {
    double sum = 0;
    for (int d = 0; d < width; d++) {
      sum += x[row * width + d];
    }
    return sum / width;
  }

  /** {@code sum_d x[row,d] y[row,d] / D}. */
  private static double mean(int width, double[] x, double[] y, int row) {
    double sum = 0;
    for (int d = 0; d < width; d++) {
      sum += x[row * width + d] * y[row * width + d];
    }
    return sum / width;
  }

  /** Writes {@code rstd = 1/sqrt(var(s) + eps)} and {@code xhat = (s - mean(s)) rstd}. */
  static void normalize(int width, double[] s, double eps, double[] xhat, double[] rstd) {
    for (int t = 0; t < rstd.length; t++) {
      double mean = mean(width, s, t);
      double variance = 0;
      for (int d = 0; d < width; d++) {
        double deviation = s[t * width + d] - mean;
        variance += deviation * deviation / width;
      }
      rstd[t] = 1 / Math.sqrt(variance + eps);
      for (int d = 0; d < width; d++) {
        xhat[t * width + d] = (s[t * width + d] - mean) * rstd[t];
      }
    }
  }

  /** {@code xhat[t,d] gamma[d] + beta[d]}; null beta is 0. */
  static double[] affine(double[] xhat, double[] gamma, double[] beta) {
    double[] y = new double[xhat.length];
    for (int i = 0; i < y.length; i++) {
      y[i] = xhat[i] * gamma[i % gamma.length] + (beta == null ? 0 : beta[i % gamma.length]);
    }
    return y;
  }

  /** {@code rstd (u - mean(u) - xhat mean(u xhat))}: the Jacobian of xhat, which is symmetric. */
  static double[] project(int width, double[] u, double[] xhat, double[] rstd) {
    double[] out = new double[u.length];
    for (int t = 0; t < rstd.length; t++) {
      double mean = mean(width, u, t);
      double slope = mean(width, u, xhat, t);
      for (int i = t * width; i < (t + 1) * width; i++) {
        out[i] = rstd[t] * (u[i] - mean - xhat[i] * slope);
      }
    }
    return out;
  }

  /** {@code rstdDot = -rstd^2 mean(xhat sDot)}. */
  static double[] rstdDot(int width, double[] sDot, double[] xhat, double[] rstd) {
    double[] out = new double[rstd.length];
    for (int t = 0; t < rstd.length; t++) {
      out[t] = -rstd[t] * rstd[t] * mean(width, xhat, sDot, t);
    }
    return out;
  }

  /**
   * Tangent of {@link #project}: {@code dsDot = rstdDot/rstd ds + rstd (uDot - mean(uDot) - xhatDot
   * mean(u xhat) - xhat (mean(uDot xhat) + mean(u xhatDot)))}.
   */
  static double[] projectJvp(
      int width,
      double[] u,
      double[] uDot,
      double[] xhat,
      double[] xhatDot,
      double[] rstd,
      double[] rstdDot) {
    double[] out = new double[u.length];
    for (int t = 0; t < rstd.length; t++) {
      double mean = mean(width, u, t);
      double meanDot = mean(width, uDot, t);
      double slope = mean(width, u, xhat, t);
      double slopeDot = mean(width, uDot, xhat, t) + mean(width, u, xhatDot, t);
      for (int i = t * width; i < (t + 1) * width; i++) {
        out[i] =
            rstdDot[t] * (u[i] - mean - xhat[i] * slope)
                + rstd[t] * (uDot[i] - meanDot - xhatDot[i] * slope - xhat[i] * slopeDot);
      }
    }
    return out;
  }

  /** {@code out[d] = sum_t x[t,d] y[t,d]}. */
  static double[] columnDot(int width, double[] x, double[] y) {
    double[] out = new double[width];
    for (int i = 0; i < x.length; i++) {
      out[i % width] += x[i] * y[i];
    }
    return out;
  }
}
