// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

/**
 * Operations of the SASRec surrogate beyond {@link CoreOps}, and their tangents: {@code Jvp} of a
 * forward operation is its directional derivative, of a backward operation the directional
 * derivative of the gradient (Hessian products by forward-over-reverse, Pearlmutter 1994). Tangents
 * are of the evaluation form, without dropout.
 */
public interface SurrogateOps {

  /** {@code y = max(x + bias, 0)}, in place allowed; x, y (T,D), bias (D) or null. */
  void biasReluForward(Tensor x, Tensor bias, Tensor y);

  /**
   * {@code dx = y > 0 ? dy : 0}, in place allowed; {@code dbias = sum_t dx} or null. Its tangent is
   * the same call on the tangent of dy.
   */
  void biasReluBackward(Tensor dy, Tensor y, Tensor dx, Tensor dbias);

  /** {@code yDot = y > 0 ? xDot + biasDot : 0}, in place allowed; biasDot (D) or null. */
  void biasReluForwardJvp(Tensor xDot, Tensor biasDot, Tensor y, Tensor yDot);

  /**
   * Layer norm of a residual sum: {@code s = dropout(x + bias) + residual; rstd = 1/sqrt(var(s) +
   * eps); xhat = (s - mean(s)) rstd; y = xhat gamma + beta}.
   *
   * @param x (T,D)
   * @param bias (D) or null
   * @param residual (T,D) or null
   * @param gamma (D)
   * @param beta (D)
   * @param y (T,D)
   * @param xhat (T,D), kept for the backward pass
   * @param rstd (T), kept for the backward pass
   */
  void residualLayerNormForward(
      Tensor x,
      Tensor bias,
      Tensor residual,
      Tensor gamma,
      Tensor beta,
      float eps,
      Dropout dropout,
      Tensor y,
      Tensor xhat,
      Tensor rstd);

  /**
   * {@code u = dy gamma; ds = rstd (u - mean(u) - xhat mean(u xhat))}, also the gradient of the
   * residual; {@code dx} = the dropout mask of ds (null without dropout: then it is ds); {@code
   * dgamma = sum_t dy xhat, dbeta = sum_t dy, dbias = sum_t dx}, each (D) or null. ds may be dy.
   */
  void residualLayerNormBackward(
      Tensor dy,
      Tensor xhat,
      Tensor rstd,
      Tensor gamma,
      Dropout dropout,
      Tensor ds,
      Tensor dx,
      Tensor dgamma,
      Tensor dbeta,
      Tensor dbias);

  /**
   * {@code xhatDot = rstd (sDot - mean(sDot) - xhat mean(xhat sDot)); rstdDot = -rstd^2 mean(xhat
   * sDot); yDot = xhatDot gamma + xhat gammaDot + betaDot}; gammaDot, betaDot (D) or null.
   */
  void residualLayerNormForwardJvp(
      Tensor sDot,
      Tensor xhat,
      Tensor rstd,
      Tensor gamma,
      Tensor gammaDot,
      Tensor betaDot,
      Tensor yDot,
      Tensor xhatDot,
      Tensor rstdDot);

  /**
   * The tangent of ds of {@link #residualLayerNormBackward}; {@code dgammaDot = sum_t (dyDot xhat +
   * dy xhatDot), dbetaDot = sum_t dyDot}, each (D) or null; gammaDot (D) or null.
   */
  void residualLayerNormBackwardJvp(
      Tensor dy,
      Tensor dyDot,
      Tensor xhat,
      Tensor xhatDot,
      Tensor rstd,
      Tensor rstdDot,
      Tensor gamma,
      Tensor gammaDot,
      Tensor dsDot,
      Tensor dgammaDot,
      Tensor dbetaDot);

  /** Tangents outDot (T,H,C) and lseDot (T,H) of {@link CoreOps#attentionForward}. */
  void attentionForwardJvp(
      Tensor offsets,
      Tensor q,
      Tensor k,
      Tensor v,
      Tensor qDot,
      Tensor kDot,
      Tensor vDot,
      Tensor out,
      Tensor lse,
      double scale,
      Tensor outDot,
      Tensor lseDot);

  /** Tangents dqDot, dkDot, dvDot of {@link CoreOps#attentionBackward}. */
  void attentionBackwardJvp(
      Tensor offsets,
      Tensor q,
      Tensor k,
      Tensor v,
      Tensor qDot,
      Tensor kDot,
      Tensor vDot,
      Tensor out,
      Tensor outDot,
      Tensor lse,
      Tensor lseDot,
      Tensor dout,
      Tensor doutDot,
      double scale,
      Tensor dqDot,
      Tensor dkDot,
      Tensor dvDot);

  /**
   * Sampled binary cross-entropy and its gradient: {@code p = E[pos].h, n = E[neg].h; loss =
   * log(1+exp(-p)) + log(1+exp(n))} (unweighted); {@code dpos = w (sigmoid(p)-1), dneg = w
   * sigmoid(n), dh = dpos E[pos] + dneg E[neg]}.
   *
   * @param h (T,D)
   * @param table item embeddings E, (V,D)
   * @param positives (T), I32
   * @param negatives (T), I32
   * @param w weight of each position in the loss that is differentiated, (T)
   * @param loss (T)
   * @param dpos (T)
   * @param dneg (T)
   * @param dh (T,D), or null
   */
  void sampledBceForward(
      Tensor h,
      Tensor table,
      Tensor positives,
      Tensor negatives,
      Tensor w,
      Tensor loss,
      Tensor dpos,
      Tensor dneg,
      Tensor dh);

  /** Tangents of loss (or null), dpos, dneg and dh, for hDot (T,D) and tableDot (V,D) or null. */
  void sampledBceJvp(
      Tensor h,
      Tensor hDot,
      Tensor table,
      Tensor tableDot,
      Tensor positives,
      Tensor negatives,
      Tensor w,
      Tensor lossDot,
      Tensor dposDot,
      Tensor dnegDot,
      Tensor dhDot);

  /**
   * From the logits back to the hidden state: {@code dh = dpos E[pos] + dneg E[neg]}.
   *
   * @param dpos gradient at the logit of the positive item, (T)
   * @param dneg gradient at the logit of the negative item, (T)
   * @param table item embeddings E, (V,D)
   * @param positives (T), I32
   * @param negatives (T), I32
   * @param dh (T,D)
   */
  void sampledBceBackward(
      Tensor dpos, Tensor dneg, Tensor table, Tensor positives, Tensor negatives, Tensor dh);

  /**
   * One dense Adam step: {@code m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2; param -= lr/(1-b1^step)
   * m / (sqrt(v / (1-b2^step)) + eps)}.
   *
   * @param param (N); so are grad, m and v
   * @param step counts from 1
   * @see <a href="https://arxiv.org/abs/1412.6980">Kingma and Ba 2015</a>
   */
  void adamStep(Tensor param, Tensor grad, Tensor m, Tensor v, Adam adam, long step);

  /** Constants of Adam. */
  record Adam(float lr, float beta1, float beta2, float eps) {
    /** lr 1e-3, betas 0.9 and 0.999, eps 1e-8. */
    public static final Adam DEFAULT = new Adam(1e-3f, 0.9f, 0.999f, 1e-8f);
  }

  /**
   * The K best items 1..V-1 of each row by score {@code table[item].h[row]}, best first, ties by
   * lower id, without the row's masked items.
   *
   * @param h (U,D)
   * @param table (V,D)
   * @param maskOffsets (U+1), I32
   * @param maskIds ascending within a row, I32
   * @param ids (U,K), I32; -1 where fewer than K are left
   */
  void itemTopK(Tensor h, Tensor table, Tensor maskOffsets, Tensor maskIds, Tensor ids);
}
