// SPDX-License-Identifier: Apache-2.0
package dev.coppice.solve;

import java.util.List;
import java.util.OptionalDouble;

/**
 * An approximate curvature matrix that can be inverted: blocks {@code (U_S x U_A) diag(lambda) (U_S
 * x U_A)^T} of linear layers, and a diagonal elsewhere.
 *
 * @param diagonal of the parameters outside the blocks, (P); not read inside them
 * @param layers the blocks
 * @see <a href="https://arxiv.org/abs/1806.03884">George et al. 2018</a>
 */
public record KroneckerInverse(double[] diagonal, List<Layer> layers) {

  /**
   * A linear layer with its bias as the weight of a last input that is always 1.
   *
   * @param weight place of the weight (O,I) in the vector
   * @param bias place of the bias (O)
   * @param in I
   * @param out O
   * @param inputs basis U_A of inputs, a vector a column, (I+1,I+1)
   * @param outputs basis U_S of gradients at the output, a vector a column, (O,O)
   * @param lambda eigenvalues, (O,I+1)
   */
  public record Layer(
      int weight, int bias, int in, int out, double[] inputs, double[] outputs, double[] lambda) {

    private void solve(double damping, double[] g, double[] q) {
      int wide = in + 1;
      double[] matrix = new double[out * wide];
      for (int o = 0; o < out; o++) {
        System.arraycopy(g, weight + o * in, matrix, o * wide, in);
        matrix[o * wide + in] = g[bias + o];
      }
      double[] projected =
          product(
              out, out, wide, transposed(out, outputs), product(out, wide, wide, matrix, inputs));
      for (int k = 0; k < projected.length; k++) {
        projected[k] /= lambda[k] + damping;
      }
      double[] back =
          product(
              out,
              out,
              wide,
              outputs,
              product(out, wide, wide, projected, transposed(wide, inputs)));
      for (int o = 0; o < out; o++) {
        System.arraycopy(back, o * wide, q, weight + o * in, in);
        q[bias + o] = back[o * wide + in];
      }
    }
  }

  /** {@code (this + damping I)^-1 g}, in a new array. */
  public double[] solve(double damping, double[] g) {
    double[] q = new double[g.length];
    for (int i = 0; i < q.length; i++) {
      q[i] = g[i] / (diagonal[i] + damping);
    }
    layers.forEach(layer -> layer.solve(damping, g, q));
    return q;
  }

  private static double[] transposed(int n, double[] a) {
    double[] t = new double[n * n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        t[j * n + i] = a[i * n + j];
      }
    }
    return t;
  }

  /** {@code a b} with a (m,k) and b (k,n). */
  private static double[] product(int m, int k, int n, double[] a, double[] b) {
    double[] c = new double[m * n];
    for (int i = 0; i < m; i++) {
      for (int p = 0; p < k; p++) {
        double factor = a[i * k + p];
        for (int j = 0; j < n; j++) {
          c[i * n + j] += factor * b[p * n + j];
        }
      }
    }
    return c;
  }

  /**
   * The solution for a right-hand side, with its residual under the true matrix.
   *
   * @throws SolverException if it is not finite
   */
  public IhvpSolution solution(HessianProduct hessian, double damping, double[] g) {
    double[] q = solve(damping, g);
    return new IhvpSolution(
        "ekfac",
        q,
        Vectors.residual(hessian, damping, q, g),
        0,
        true,
        false,
        "approximate: Kronecker factors with corrected eigenvalues for linear layers, a diagonal for"
            + " tables and layer norms",
        OptionalDouble.empty());
  }
}
