// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.Arrays;

/** Definitions of the operations that treat each element by itself. */
final class ReferenceElementwise {
  private ReferenceElementwise() {}

  /** {@code y + alpha x}. */
  static double[] axpy(double alpha, double[] x, double[] y) {
    double[] out = new double[y.length];
    for (int i = 0; i < y.length; i++) {
      out[i] = y[i] + alpha * x[i];
    }
    return out;
  }

  /** {@code alpha x}, in place. */
  static void scale(double alpha, double[] x) {
    for (int i = 0; i < x.length; i++) {
      x[i] *= alpha;
    }
  }

  static double[] fill(int count, double value) {
    double[] out = new double[count];
    Arrays.fill(out, value);
    return out;
  }

  /** {@code x[t,d] + bias[d]}; a null bias is 0. */
  static double[] addBias(double[] x, double[] bias) {
    double[] out = x.clone();
    for (int i = 0; bias != null && i < x.length; i++) {
      out[i] += bias[i % bias.length];
    }
    return out;
  }

  /** {@code max(x + bias, 0)}; NaN stays NaN. */
  static double[] biasRelu(double[] x, double[] bias) {
    double[] out = addBias(x, bias);
    for (int i = 0; i < out.length; i++) {
      out[i] = Math.max(out[i], 0);
    }
    return out;
  }

  /** {@code y > 0 ? dy : 0}: the derivative at 0 is taken as 0. */
  static double[] reluMask(double[] dy, double[] y) {
    double[] out = new double[dy.length];
    for (int i = 0; i < dy.length; i++) {
      out[i] = y[i] > 0 ? dy[i] : 0;
    }
    return out;
  }

  /**
   * One Adam step, in place on param, m and v.
   *
   * @see <a href="https://arxiv.org/abs/1412.6980">Kingma and Ba 2015</a>, algorithm 1
   */
  static void adam(
      double[] param, double[] grad, double[] m, double[] v, SurrogateOps.Adam adam, long step) {
    double b1 = adam.beta1();
    double b2 = adam.beta2();
    for (int i = 0; i < param.length; i++) {
      m[i] = b1 * m[i] + (1 - b1) * grad[i];
      v[i] = b2 * v[i] + (1 - b2) * grad[i] * grad[i];
      double mHat = m[i] / (1 - Math.pow(b1, step));
      double vHat = v[i] / (1 - Math.pow(b2, step));
      param[i] -= adam.lr() * mHat / (Math.sqrt(vHat) + adam.eps());
    }
  }
}
