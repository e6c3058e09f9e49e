// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

/** Definitions of rotary embedding, SwiGLU, GeGLU and cross-entropy. */
final class ReferenceLanguage {
  private ReferenceLanguage() {}

  /**
   * Turns the pairs (c, c + half) of the first columns of each head by the angle of the row's
   * position, in place: {@code x1' = x1 cos - x2 sin, x2' = x2 cos + x1 sin}; {@code inverse} turns
   * back.
   *
   * @see <a href="https://arxiv.org/abs/2104.09864">Su et al. 2021</a>, eq. (34), in the pairing of
   *     halves
   */
  static void rope(
      int[] positions,
      int heads,
      int width,
      int half,
      double[] cosines,
      double[] sines,
      boolean inverse,
      double[] x) {
    for (int t = 0; t < positions.length; t++) {
      for (int h = 0; h < heads; h++) {
        for (int c = 0; c < half; c++) {
          double cos = cosines[positions[t] * half + c];
          double sin = (inverse ? -1 : 1) * sines[positions[t] * half + c];
          int first = (t * heads + h) * width + c;
          int second = first + half;
          double x1 = x[first];
          double x2 = x[second];
          x[first] = x1 * cos - x2 * sin;
          x[second] = x2 * cos + x1 * sin;
        }
      }
    }
  }

  /**
   * {@code silu(gate) up} with {@code silu(x) = x sigmoid(x)}.
   *
   * @see <a href="https://arxiv.org/abs/2002.05202">Shazeer 2020</a>
   */
  static double[] swiglu(double[] gate, double[] up) {
    double[] out = new double[gate.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = gate[i] * ReferenceSampledBce.sigmoid(gate[i]) * up[i];
    }
    return out;
  }

  /** Gradient of {@link #swiglu}: {@code silu'(x) = s (1 + x (1 - s))}, s = sigmoid(x). */
  static void swigluBackward(
      double[] dout, double[] gate, double[] up, double[] dgate, double[] dup) {
    for (int i = 0; i < dout.length; i++) {
      double s = ReferenceSampledBce.sigmoid(gate[i]);
      dgate[i] = dout[i] * up[i] * s * (1 + gate[i] * ReferenceSampledBce.sigmoid(-gate[i]));
      dup[i] = dout[i] * gate[i] * s;
    }
  }

  private static final double GELU_SLOPE = 2 * Math.sqrt(2 / Math.PI);

  private static double geluArgument(double x) {
    return GELU_SLOPE * (x + 0.044715 * x * x * x);
  }

  /**
   * {@code gelu(gate) up} with {@code gelu(x) = x (1 + tanh(u))/2 = x sigmoid(2u)}, {@code u =
   * sqrt(2/pi) (x + 0.044715 x^3)}.
   *
   * @see <a href="https://arxiv.org/abs/1606.08415">Hendrycks and Gimpel 2016</a>, section 2
   */
  static double[] geglu(double[] gate, double[] up) {
    double[] out = new double[gate.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = gate[i] * ReferenceSampledBce.sigmoid(geluArgument(gate[i])) * up[i];
    }
    return out;
  }

  /** Gradient of {@link #geglu}: {@code gelu'(x) = s + x s (1 - s) 2u'}, s = sigmoid(2u). */
  static void gegluBackward(
      double[] dout, double[] gate, double[] up, double[] dgate, double[] dup) {
    for (int i = 0; i < dout.length; i++) {
      double argument = geluArgument(gate[i]);
      double s = ReferenceSampledBce.sigmoid(argument);
      double slope = GELU_SLOPE * (1 + 3 * 0.044715 * gate[i] * gate[i]);
      double change = gate[i] * s * ReferenceSampledBce.sigmoid(-argument) * slope;
      dgate[i] = dout[i] * up[i] * (s + change);
      dup[i] = dout[i] * gate[i] * s;
    }
  }

  /**
   * With {@code z = cap tanh(l/cap)}, or l for cap 0: {@code loss = log sum_v exp(z_v) - z_target},
   * then {@code l = w (softmax(z) - onehot) dz/dl}, {@code dz/dl = 1 - (z/cap)^2}.
   */
  static void crossEntropy(double cap, int[] targets, double[] w, double[] logits, double[] loss) {
    for (int i = 0; cap > 0 && i < logits.length; i++) {
      logits[i] = cap * Math.tanh(logits[i] / cap);
    }
    int classes = targets.length == 0 ? 0 : logits.length / targets.length;
    for (int t = 0; t < targets.length; t++) {
      int row = t * classes;
      double max = Double.NEGATIVE_INFINITY;
      for (int v = 0; v < classes; v++) {
        max = Math.max(max, logits[row + v]);
      }
      double sum = 0;
      for (int v = 0; v < classes; v++) {
        sum += Math.exp(logits[row + v] - max);
      }
      boolean scored = targets[t] >= 0;
      loss[t] = scored ? max + Math.log(sum) - logits[row + targets[t]] : 0;
      for (int v = 0; v < classes; v++) {
        double share = Math.exp(logits[row + v] - max) / sum;
        double bounded = cap == 0 ? 0 : logits[row + v] / cap;
        double slope = 1 - bounded * bounded;
        logits[row + v] = scored ? w[t] * (share - (v == targets[t] ? 1 : 0)) * slope : 0;
      }
    }
  }
}
