// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

/**
 * Definition of the root mean square norm.
 *
 * @see <a href="https://arxiv.org/abs/1910.07467">Zhang and Sennrich 2019</a>, eq. (4)
 */
final class ReferenceRmsNorm {
  private ReferenceRmsNorm() {}

  /** Writes {@code rstd = 1/sqrt(mean(x^2) + eps)} and {@code y = x rstd weight}. */
  static void forward(double[] x, double[] weight, double eps, double[] y, double[] rstd) {
    int width = weight.length;
    for (int t = 0; t < rstd.length; t++) {
      double square = 0;
      for (int d = 0; d < width; d++) {
        square += x[t * width + d] * x[t * width + d] / width;
      }
      rstd[t] = 1 / Math.sqrt(square + eps);
      for (int d = 0; d < width; d++) {
        y[t * width + d] = x[t * width + d] * rstd[t] * weight[d];
      }
    }
  }

  /** {@code dx += rstd (u - x rstd^2 mean(u x))} with {@code u = dy weight}. */
  static void backward(double[] dy, double[] x, double[] rstd, double[] weight, double[] dx) {
    int width = weight.length;
    for (int t = 0; t < rstd.length; t++) {
      double slope = 0;
      for (int d = 0; d < width; d++) {
        slope += dy[t * width + d] * weight[d] * x[t * width + d] / width;
      }
      for (int d = 0; d < width; d++) {
        int i = t * width + d;
        dx[i] += rstd[t] * (dy[i] * weight[d] - x[i] * rstd[t] * rstd[t] * slope);
      }
    }
  }
}
