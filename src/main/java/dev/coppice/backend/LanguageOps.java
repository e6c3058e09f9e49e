// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

/** Operations of LLaMA-like language models beyond {@link CoreOps}. */
public interface LanguageOps {

  /**
   * {@code rstd = 1/sqrt(mean(x^2) + eps); y = x rstd weight}; x, y (T,D), weight (D), rstd (T).
   *
   * @see <a href="https://arxiv.org/abs/1910.07467">Zhang and Sennrich 2019</a>
   */
  void rmsNormForward(Tensor x, Tensor weight, float eps, Tensor y, Tensor rstd);

  /** {@code u = dy weight; dx = rstd (u - x rstd^2 mean(u x))}, or {@code +=}. */
  void rmsNormBackward(
      Tensor dy, Tensor x, Tensor rstd, Tensor weight, boolean accumulate, Tensor dx);

  /**
   * Rotary position embedding in place: pairs (c, c + C/2) of each head turn by the angle of their
   * position, or back ({@code inverse}, the backward pass).
   *
   * @param positions (T), I32, each in 0..P-1
   * @param cosines (P,C/2)
   * @param sines (P,C/2)
   * @param x (T,H,C)
   * @see <a href="https://arxiv.org/abs/2104.09864">Su et al. 2021</a>
   */
  void ropeForward(Tensor positions, Tensor cosines, Tensor sines, boolean inverse, Tensor x);

  /** {@code out = silu(gate) up}; out may be gate. */
  void swigluForward(Tensor gate, Tensor up, Tensor out);

  /**
   * {@code dgate = dout up silu'(gate), dup = dout silu(gate)}; dgate may be gate, dup may be up.
   */
  void swigluBackward(Tensor dout, Tensor gate, Tensor up, Tensor dgate, Tensor dup);

  /**
   * Cross-entropy and its gradient: {@code loss[t] = log sum_v exp(logits[t,v]) - logits[t,target]}
   * (unweighted), then {@code logits[t] = w[t] (softmax(logits[t]) - onehot(target))} in place.
   *
   * @param targets (T), I32; negative: not scored, loss and gradient 0
   * @param w (T)
   * @param logits (T,V), becomes the gradient
   * @param loss (T)
   */
  void crossEntropy(Tensor targets, Tensor w, Tensor logits, Tensor loss);
}
