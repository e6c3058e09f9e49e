// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

/**
 * Tangents of {@link ReferenceAttention} without dropout: the product rule on each of its lines.
 *
 * <pre>{@code
 * aDot_ij = scale (qDot_i.k_j + q_i.kDot_j)
 * lseDot_i = sum_j P_ij aDot_ij             PDot_ij = P_ij (aDot_ij - lseDot_i)
 * outDot_i = sum_j PDot_ij v_j + P_ij vDot_j
 * e_ij = dout_i.v_j - dout_i.out_i          da_ij = P_ij e_ij
 * eDot_ij = doutDot_i.v_j + dout_i.vDot_j - doutDot_i.out_i - dout_i.outDot_i
 * daDot_ij = PDot_ij e_ij + P_ij eDot_ij
 * dqDot_i = scale sum_j daDot_ij k_j + da_ij kDot_j
 * dkDot_j = scale sum_i daDot_ij q_i + da_ij qDot_i
 * dvDot_j = sum_i PDot_ij dout_i + P_ij doutDot_i
 * }</pre>
 *
 * @param shape the attention
 * @param q (T,H,C)
 * @param k (T,G,C)
 * @param v (T,G,C)
 * @param qDot (T,H,C)
 * @param kDot (T,G,C)
 * @param vDot (T,G,C)
 * @see <a href="https://doi.org/10.1162/neco.1994.6.1.147">Pearlmutter 1994</a>
 */
record ReferenceAttentionJvp(
    ReferenceAttention shape,
    double[] q,
    double[] k,
    double[] v,
    double[] qDot,
    double[] kDot,
    double[] vDot) {

  private double logitDot(int row, int column) {
    return shape.scale() * (shape.dot(qDot, row, k, column) + shape.dot(q, row, kDot, column));
  }

  /** Writes outDot (T,H,C) and lseDot (T,H); outDot must hold zeros. */
  void forward(double[] lse, double[] outDot, double[] lseDot) {
    for (int b = 0; b < shape.samples(); b++) {
      int start = shape.offsets()[b];
      for (int h = 0; h < shape.heads(); h++) {
        for (int t = start; t < shape.offsets()[b + 1]; t++) {
          int row = shape.query(t, h);
          double mean = 0;
          for (int s = start; s <= t; s++) {
            mean += shape.probability(t, s, h, q, k, lse) * logitDot(row, shape.key(s, h));
          }
          lseDot[t * shape.heads() + h] = mean;
          for (int s = start; s <= t; s++) {
            int column = shape.key(s, h);
            double p = shape.probability(t, s, h, q, k, lse);
            shape.add(p * (logitDot(row, column) - mean), v, column, outDot, row);
            shape.add(p, vDot, column, outDot, row);
          }
        }
      }
    }
  }

  /** What the forward and backward passes left behind, and its tangents. */
  record Kept(
      double[] out,
      double[] outDot,
      double[] lse,
      double[] lseDot,
      double[] dout,
      double[] doutDot) {}

  /** Adds to dqDot (T,H,C), dkDot and dvDot (T,G,C). */
  void backward(Kept kept, double[] dqDot, double[] dkDot, double[] dvDot) {
    for (int b = 0; b < shape.samples(); b++) {
      for (int h = 0; h < shape.heads(); h++) {
        for (int t = shape.offsets()[b]; t < shape.offsets()[b + 1]; t++) {
          for (int s = shape.offsets()[b]; s <= t; s++) {
            backwardPair(kept, t, s, h, dqDot, dkDot, dvDot);
          }
        }
      }
    }
  }

  private void backwardPair(
      Kept kept, int t, int s, int h, double[] dqDot, double[] dkDot, double[] dvDot) {
    int row = shape.query(t, h);
    int column = shape.key(s, h);
    double[] dout = kept.dout();
    double[] doutDot = kept.doutDot();
    double p = shape.probability(t, s, h, q, k, kept.lse());
    double pDot = p * (logitDot(row, column) - kept.lseDot()[t * shape.heads() + h]);
    double e = shape.dot(dout, row, v, column) - shape.dot(dout, row, kept.out(), row);
    double eDot =
        shape.dot(doutDot, row, v, column)
            + shape.dot(dout, row, vDot, column)
            - shape.dot(doutDot, row, kept.out(), row)
            - shape.dot(dout, row, kept.outDot(), row);
    double da = shape.scale() * p * e;
    double daDot = shape.scale() * (pDot * e + p * eDot);
    shape.add(daDot, k, column, dqDot, row);
    shape.add(da, kDot, column, dqDot, row);
    shape.add(daDot, q, row, dkDot, column);
    shape.add(da, qDot, row, dkDot, column);
    shape.add(pDot, dout, row, dvDot, column);
    shape.add(p, doutDot, row, dvDot, column);
  }
}
