// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

/**
 * Definition of packed causal attention, forward and backward; the tangents are in {@link
 * ReferenceAttentionJvp}.
 *
 * <p>Row i of sample b is packed row {@code offsets[b] + i}. With {@code m_ij} the dropout factor:
 *
 * <pre>{@code
 * a_ij = capped(scale q_i.k_j) (i - window < j <= i)     capped(x) = cap tanh(x/cap)
 * lse_i = log sum_j exp(a_ij)     P_ij = exp(a_ij - lse_i)
 * out_i = sum_j m_ij P_ij v_j
 * dP_ij = m_ij dout_i.v_j           da_ij = P_ij (dP_ij - dout_i.out_i) (1 - (a_ij/cap)^2)
 * dq_i = scale sum_j da_ij k_j      dk_j = scale sum_i da_ij q_i     dv_j = sum_i m_ij P_ij dout_i
 * }</pre>
 *
 * @param offsets (B+1)
 * @param heads query heads H; query head h reads key/value head h/(H/G)
 * @param groups key/value heads G
 * @param width head width C
 * @param triangles (B), or null without dropout
 * @see <a href="https://arxiv.org/abs/1706.03762">Vaswani et al. 2017</a>, eq. (1)
 */
record ReferenceAttention(
    int[] offsets,
    int heads,
    int groups,
    int width,
    AttentionRule rule,
    Dropout dropout,
    int[] triangles) {

  double scale() {
    return rule.scale();
  }

  /** The first key that query t meets, in a sample that begins at {@code start}. */
  private int firstKey(int start, int t) {
    return Math.max(start, t - rule.window() + 1);
  }

  /** a_ts: of packed rows t (query) and s (key). */
  private double score(int t, int s, int h, double[] q, double[] k) {
    double product = scale() * dot(q, query(t, h), k, key(s, h));
    return rule.cap() == 0 ? product : rule.cap() * Math.tanh(product / rule.cap());
  }

  /** Derivative of the cap, from what it gives. */
  private double slope(double score) {
    double t = rule.cap() == 0 ? 0 : score / rule.cap();
    return 1 - t * t;
  }

  int samples() {
    return offsets.length - 1;
  }

  /** Start of query row t, head h. */
  int query(int t, int h) {
    return (t * heads + h) * width;
  }

  /** Start of the key or value row t that query head h reads. */
  int key(int t, int h) {
    return (t * groups + h / (heads / groups)) * width;
  }

  double dot(double[] x, int atX, double[] y, int atY) {
    double sum = 0;
    for (int c = 0; c < width; c++) {
      sum += x[atX + c] * y[atY + c];
    }
    return sum;
  }

  /** {@code y += factor x} on one head's row. */
  void add(double factor, double[] x, int atX, double[] y, int atY) {
    for (int c = 0; c < width; c++) {
      y[atY + c] += factor * x[atX + c];
    }
  }

  private double keep(int b, int h, int i, int j) {
    if (dropout.rate() == 0) {
      return 1;
    }
    int index = triangles[b] + i * (i + 1) / 2 + j;
    return ReferenceDropout.factor(dropout, dropout.site() + 65536 * h, index);
  }

  /** Writes out (T,H,C) and lse (T,H). */
  void forward(double[] q, double[] k, double[] v, double[] out, double[] lse) {
    for (int b = 0; b < samples(); b++) {
      int start = offsets[b];
      for (int h = 0; h < heads; h++) {
        for (int t = start; t < offsets[b + 1]; t++) {
          lse[t * heads + h] = logSumExp(start, t, h, q, k);
          for (int c = 0; c < width; c++) {
            out[query(t, h) + c] = 0;
          }
          for (int s = firstKey(start, t); s <= t; s++) {
            double p = probability(t, s, h, q, k, lse);
            add(keep(b, h, t - start, s - start) * p, v, key(s, h), out, query(t, h));
          }
        }
      }
    }
  }

  private double logSumExp(int start, int t, int h, double[] q, double[] k) {
    double max = Double.NEGATIVE_INFINITY;
    for (int s = firstKey(start, t); s <= t; s++) {
      max = Math.max(max, score(t, s, h, q, k));
    }
    double sum = 0;
    for (int s = firstKey(start, t); s <= t; s++) {
      sum += Math.exp(score(t, s, h, q, k) - max);
    }
    return max + Math.log(sum);
  }

  /** P of packed rows t (query) and s (key). */
  double probability(int t, int s, int h, double[] q, double[] k, double[] lse) {
    return Math.exp(score(t, s, h, q, k) - lse[t * heads + h]);
  }

  /** Adds to dq (T,H,C), dk and dv (T,G,C). */
  void backward(
      double[] q,
      double[] k,
      double[] v,
      double[] out,
      double[] lse,
      double[] dout,
      double[] dq,
      double[] dk,
      double[] dv) {
    for (int b = 0; b < samples(); b++) {
      int start = offsets[b];
      for (int h = 0; h < heads; h++) {
        for (int t = start; t < offsets[b + 1]; t++) {
          int row = query(t, h);
          double mean = dot(dout, row, out, row);
          for (int s = firstKey(start, t); s <= t; s++) {
            int column = key(s, h);
            double keep = keep(b, h, t - start, s - start);
            double p = probability(t, s, h, q, k, lse);
            double da = p * (keep * dot(dout, row, v, column) - mean);
            da *= slope(score(t, s, h, q, k));
            add(scale() * da, k, column, dq, row);
            add(scale() * da, q, row, dk, column);
            add(keep * p, dout, row, dv, column);
          }
        }
      }
    }
  }
}
