// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

/**
 * Operations that every model uses. Letters: B samples, T positions, D width, I/O layer in/out
 * width, V table rows, N elements. Packed layout: position t of sample b is row {@code offsets[b] +
 * t}.
 */
public interface CoreOps {

  /**
   * Matrix product {@code c = alpha op(a) op(b) + beta c}, the only one of the engine.
   *
   * <p>A row of c does not depend on the other rows (unless {@code transA}), and no bit depends on
   * the thread count.
   *
   * @param transA a is (k,m) instead of (m,k)
   * @param transB b is (n,k) instead of (k,n)
   * @param a F32, rank 2
   * @param b F32, BF16 or F16, rank 2
   * @param beta 0 ignores what c holds
   * @param c (m,n), F32; accumulated in float32
   */
  void gemm(boolean transA, boolean transB, float alpha, Tensor a, Tensor b, float beta, Tensor c);

  /** {@code y += alpha x}; both of N elements. */
  void axpy(float alpha, Tensor x, Tensor y);

  /** {@code x *= alpha}. */
  void scale(float alpha, Tensor x);

  /** {@code x[i] = value}. */
  void fill(Tensor x, float value);

  /** {@code dst[i] = float(src[i])}; src F32, BF16 or F16. */
  void convert(Tensor src, Tensor dst);

  /**
   * {@code y[t,d] = keep(t*D+d) ? x[t,d]/(1-rate) : 0}, in place allowed; also its own backward
   * pass. (T,D).
   */
  void dropoutForward(Tensor x, Dropout dropout, Tensor y);

  /** {@code x[t,d] += bias[d]}, in place; x (T,D), bias (D). */
  void biasForward(Tensor bias, Tensor x);

  /** {@code dbias[d] = sum_t dy[t,d]}; dy (T,D), dbias (D). */
  void biasBackward(Tensor dy, Tensor dbias);

  /**
   * {@code out[t] = table[ids[t]]}, or {@code +=}.
   *
   * @param ids row numbers, (T), I32, each in 0..V-1
   * @param table (V,D), F32, BF16 or F16
   * @param out (T,D)
   */
  void embeddingForward(Tensor ids, Tensor table, boolean accumulate, Tensor out);

  /**
   * Scatter-add in fixed order: {@code dtable[rows[r]] += sum_{j=segments[r]..segments[r+1]-1}
   * coef[order[j]] * src[order[j]]}.
   *
   * @param rows distinct row numbers, (R), I32
   * @param segments (R+1), I32
   * @param order positions grouped by row, (K), I32
   * @param coef (T), or null for 1
   * @param src (T,D)
   * @param dtable (V,D), added to
   */
  void embeddingBackward(
      Tensor rows, Tensor segments, Tensor order, Tensor coef, Tensor src, Tensor dtable);

  /**
   * Packed causal attention with grouped heads: for sample b, query head h and its key/value head g
   * = h/(H/G), {@code a[i,j] = capped(scale q_ih.k_jg)} for the keys that {@code rule} gives query
   * i, {@code lse_ih = log sum_j exp a_ij}, {@code out_ih = sum_j drop(exp(a_ij - lse_ih)) v_jg}.
   *
   * @param offsets (B+1), I32
   * @param q (T,H,C); k and v (T,G,C)
   * @param rule a window or a cap excludes dropout
   * @param dropout of the probabilities; element index {@code triangles[b] + i(i+1)/2 + j}, site +
   *     65536 h
   * @param triangles (B), I32: sum over earlier samples of n(n+1)/2; null without dropout
   * @param out (T,H,C)
   * @param lse (T,H)
   */
  void attentionForward(
      Tensor offsets,
      Tensor q,
      Tensor k,
      Tensor v,
      AttentionRule rule,
      Dropout dropout,
      Tensor triangles,
      Tensor out,
      Tensor lse);

  /** {@link #attentionForward} without window and cap. */
  default void attentionForward(
      Tensor offsets,
      Tensor q,
      Tensor k,
      Tensor v,
      double scale,
      Dropout dropout,
      Tensor triangles,
      Tensor out,
      Tensor lse) {
    attentionForward(offsets, q, k, v, AttentionRule.scaled(scale), dropout, triangles, out, lse);
  }

  /**
   * Gradients of {@link #attentionForward}: dq (T,H,C), dk and dv (T,G,C). dq and dk may both be
   * null: then only dv is formed.
   */
  void attentionBackward(
      Tensor offsets,
      Tensor q,
      Tensor k,
      Tensor v,
      Tensor out,
      Tensor lse,
      Tensor dout,
      AttentionRule rule,
      Dropout dropout,
      Tensor triangles,
      Tensor dq,
      Tensor dk,
      Tensor dv);

  /** {@link #attentionBackward} without window and cap. */
  default void attentionBackward(
      Tensor offsets,
      Tensor q,
      Tensor k,
      Tensor v,
      Tensor out,
      Tensor lse,
      Tensor dout,
      double scale,
      Dropout dropout,
      Tensor triangles,
      Tensor dq,
      Tensor dk,
      Tensor dv) {
    attentionBackward(
        offsets,
        q,
        k,
        v,
        out,
        lse,
        dout,
        AttentionRule.scaled(scale),
        dropout,
        triangles,
        dq,
        dk,
        dv);
  }

  /**
   * {@code out[b] = sum_{t in b} weights[t] values[t]} in order; weights (T) or null for 1; out
   * (B).
   */
  void segmentSum(Tensor offsets, Tensor values, Tensor weights, Tensor out);

  /** {@code out[b] = sum_{t in b} x[t].y[t]} in order; x, y (T,D); out (B). */
  void segmentDot(Tensor offsets, Tensor x, Tensor y, Tensor out);

  /**
   * Squared norm of each sample's weight gradient of a linear layer; the gradient is never stored:
   * {@code out[b] = sum_{o,i} (sum_{t in b} delta[t,o] act[t,i])^2}.
   *
   * @param act layer input, (T,I)
   * @param delta gradient of the sample's loss at the layer output, (T,O)
   * @param out in (loss/weight)^2, (B)
   */
  void linearGradSqNorm(Tensor offsets, Tensor act, Tensor delta, Tensor out);

  /**
   * Squares of the samples' weight gradients of a linear layer, added up element by element: {@code
   * out[o,i] = sum_b (sum_{t in b} delta[t,o] act[t,i])^2}.
   *
   * @param act layer input, (T,I)
   * @param delta gradient of the sample's loss at the layer output, (T,O)
   * @param out (O,I)
   */
  void linearGradSquares(Tensor offsets, Tensor act, Tensor delta, Tensor out);

  /** {@code out[t, o*I+i] = delta[t,o] act[t,i]}; act (T,I), delta (T,O), out (T,O*I). */
  void rowOuter(Tensor act, Tensor delta, Tensor out);

  /**
   * Solves {@code a x = b} for a symmetric matrix in float64 on the host: Cholesky when it is
   * positive definite, else a symmetric indefinite factorisation.
   *
   * @param n order of the matrix
   * @param a (n,n) row-major, its lower triangle is read; overwritten
   * @param b (n); becomes x
   * @return whether a is positive definite
   * @throws IllegalArgumentException if a is singular
   */
  boolean symmetricSolve(int n, double[] a, double[] b);
}
