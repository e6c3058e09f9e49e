// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

/** Definitions of the sums over positions, and of the outer products they are made of. */
final class ReferenceReductions {
  private ReferenceReductions() {}

  /** {@code out[d] = sum_t x[t,d]}. */
  static double[] columnSum(int width, double[] x) {
    double[] out = new double[width];
    for (int i = 0; i < x.length; i++) {
      out[i % width] += x[i];
    }
    return out;
  }

  /** {@code out[b] = sum_{t in b} weights[t] values[t]}; null weights are 1. */
  static double[] segmentSum(int[] offsets, double[] values, double[] weights) {
    double[] out = new double[offsets.length - 1];
    for (int b = 0; b < out.length; b++) {
      for (int t = offsets[b]; t < offsets[b + 1]; t++) {
        out[b] += weights == null ? values[t] : weights[t] * values[t];
      }
    }
    return out;
  }

  /** {@code out[b] = sum_{t in b} sum_d x[t,d] y[t,d]}. */
  static double[] segmentDot(int[] offsets, int width, double[] x, double[] y) {
    double[] out = new double[offsets.length - 1];
    for (int b = 0; b < out.length; b++) {
      for (int i = offsets[b] * width; i < offsets[b + 1] * width; i++) {
        out[b] += x[i] * y[i];
      }
    }
    return out;
  }

  /** {@code out[b] = sum_{o,i} (sum_{t in b} delta[t,o] act[t,i])^2}. */
  static double[] linearGradSqNorm(
      int[] offsets, int in, int outWidth, double[] act, double[] delta) {
    double[] out = new double[offsets.length - 1];
    for (int b = 0; b < out.length; b++) {
      for (int o = 0; o < outWidth; o++) {
        for (int i = 0; i < in; i++) {
          double gradient = 0;
          for (int t = offsets[b]; t < offsets[b + 1]; t++) {
            gradient += delta[t * outWidth + o] * act[t * in + i];
          }
          out[b] += gradient * gradient;
        }
      }
    }
    return out;
  }

  /** {@code out[o,i] = sum_b (sum_{t in b} delta[t,o] act[t,i])^2}. */
  static double[] linearGradSquares(
      int[] offsets, int in, int outWidth, double[] act, double[] delta) {
    double[] out = new double[outWidth * in];
    for (int b = 0; b < offsets.length - 1; b++) {
      for (int o = 0; o < outWidth; o++) {
        for (int i = 0; i < in; i++) {
          double gradient = 0;
          for (int t = offsets[b]; t < offsets[b + 1]; t++) {
            gradient += delta[t * outWidth + o] * act[t * in + i];
          }
          out[o * in + i] += gradient * gradient;
        }
      }
    }
    return out;
  }

  /** {@code out[t, o*I+i] = delta[t,o] act[t,i]}. */
  static double[] rowOuter(int rows, int in, int outWidth, double[] act, double[] delta) {
    double[] out = new double[Math.multiplyExact(rows, in * outWidth)];
    for (int t = 0; t < rows; t++) {
      for (int o = 0; o < outWidth; o++) {
        for (int i = 0; i < in; i++) {
          out[(t * outWidth + o) * in + i] = delta[t * outWidth + o] * act[t * in + i];
        }
      }
    }
    return out;
  }
}
