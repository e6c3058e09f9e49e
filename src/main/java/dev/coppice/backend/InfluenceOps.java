// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

/**
 * Operations of the curvature in the surrogate's last dense layer, {@code s = x W^T + ...}, with
 * what follows it position by position: {@code m = LN(s); a = relu(m first^T); f = relu(a
 * second^T); h = LN(f + m)} and the sampled binary cross-entropy of h. {@code M_t} is the second
 * derivative of position t's weighted loss in s_t: the Hessian, or its Gauss-Newton part, in which
 * the backward pass keeps its coefficients. By forward-over-reverse (Pearlmutter 1994).
 */
public interface InfluenceOps {

  /**
   * What M depends on: the values that a forward and backward pass left behind, and the weights.
   *
   * @param middleXhat normalised sum of the first layer norm, (T,D)
   * @param middleRstd its scale, (T)
   * @param middleGamma (D)
   * @param first a, of which only the sign counts, (T,D)
   * @param firstWeight (D,D)
   * @param second f, of which only the sign counts, (T,D)
   * @param secondWeight (D,D)
   * @param hidden h, (T,D)
   * @param outXhat normalised sum of the second layer norm, (T,D)
   * @param outRstd its scale, (T)
   * @param outGamma (D)
   * @param table item embeddings, (V,D)
   * @param positives (T), I32
   * @param negatives (T), I32
   * @param w weight of each position's loss, (T)
   * @param dhidden gradient of the weighted loss in h, (T,D)
   * @param dmiddle gradient of the weighted loss in m, (T,D)
   */
  record DenseTailState(
      Tensor middleXhat,
      Tensor middleRstd,
      Tensor middleGamma,
      Tensor first,
      Tensor firstWeight,
      Tensor second,
      Tensor secondWeight,
      Tensor hidden,
      Tensor outXhat,
      Tensor outRstd,
      Tensor outGamma,
      Tensor table,
      Tensor positives,
      Tensor negatives,
      Tensor w,
      Tensor dhidden,
      Tensor dmiddle) {}

  /**
   * {@code out = sum_t (M_t V x_t) x_t^T}: the product of the summed curvature in W with V.
   *
   * @param x input of the layer, (T,D)
   * @param direction V, (D,D)
   * @param out (D,D)
   */
  void denseTailHvp(
      DenseTailState state, boolean gaussNewton, Tensor x, Tensor direction, Tensor out);

  /**
   * {@code out[t,q(i,j)] = M_t[i,j]} for i >= j, column after column: {@code q(i,j) = j D - j (j-1)
   * / 2 + i - j}.
   *
   * @param out (T, D (D+1) / 2)
   */
  void denseTailCurvature(DenseTailState state, boolean gaussNewton, Tensor out);

  /**
   * LiSSA's recursion over mini-batches of samples, one step after the other: {@code h <- h + (g -
   * damp h - rate sum_t (M_t h x_t) x_t^T)}, the sum over the positions of the step's mini-batch. A
   * recursion that is cut into calls gives the same bits, wherever its samples lie in the state.
   *
   * @param x input of the layer, (T,D)
   * @param ranges first position and the one after the last of each sample of each step's
   *     mini-batch, (steps,batch,2), I32
   * @param g (D,D)
   * @param h (D,D), in place
   * @param norms receives |h| after each step, (steps)
   * @see <a href="https://jmlr.org/papers/v18/16-491.html">Agarwal, Bullins and Hazan 2017</a>
   */
  void denseTailLissa(
      DenseTailState state,
      boolean gaussNewton,
      Tensor x,
      Tensor ranges,
      double damp,
      double rate,
      Tensor g,
      Tensor h,
      Tensor norms);

  /**
   * {@code out[t,q(i,j)] = x[t,i] x[t,j]} for i >= j, in the same places.
   *
   * @param x (T,D)
   * @param out (T, D (D+1) / 2)
   */
  void rowSquare(Tensor x, Tensor out);

  /** Entries of the lower triangle of a matrix of {@code width} rows, {@code D (D+1) / 2}. */
  static long triangle(int width) {
    return (long) width * (width + 1) / 2;
  }
}
