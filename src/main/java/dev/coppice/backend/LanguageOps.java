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
   * Rotary position embedding in place: pairs (c, c + R/2) of the first R columns of each head turn
   * by the angle of their position, or back ({@code inverse}, the backward pass: also that of
   * cosines and sines with a common factor). The other columns stay.
   *
   * @param positions (T), I32, each in 0..P-1
   * @param cosines (P,R/2), R at most C
   * @param sines (P,R/2)
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
   * {@code out = gelu(gate) up} with the tanh form of gelu, {@code gelu(x) = x sigmoid(2 sqrt(2/pi)
   * (x + 0.044715 x^3))}; out may be gate.
   *
   * @see <a href="https://arxiv.org/abs/1606.08415">Hendrycks and Gimpel 2016</a>, section 2
   */
  void gegluForward(Tensor gate, Tensor up, Tensor out);

  /**
   * {@code dgate = dout up gelu'(gate), dup = dout gelu(gate)}; dgate may be gate, dup may be up.
   */
  void gegluBackward(Tensor dout, Tensor gate, Tensor up, Tensor dgate, Tensor dup);

  /**
   * Cross-entropy and its gradient: {@code loss[t] = log sum_v exp(logits[t,v]) - logits[t,target]}
   * (unweighted), then {@code logits[t] = w[t] (softmax(logits[t]) - onehot(target))} in place.
   *
   * <p>With a cap the logits are first replaced by {@code cap tanh(logits/cap)}; the gradient is
   * that in the logits given.
   *
   * @param cap bound of the logits' magnitude; 0: none
   * @param targets (T), I32; negative: not scored, loss and gradient 0
   * @param w (T)
   * @param logits (T,V), becomes the gradient
   * @param loss (T)
   */
  void crossEntropy(double cap, Tensor targets, Tensor w, Tensor logits, Tensor loss);
}
