// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.model.Curvature;
import dev.coppice.solve.BatchHessian;
import dev.coppice.solve.HessianProduct;
import dev.coppice.solve.KroneckerInverse;

/**
 * First and second derivatives of the sample losses L(s) in one {@link ParameterSet} theta of P
 * parameters: negatives of epoch 0, no dropout. What influence is computed from, whatever theta is.
 * Owns its memory; every result is the same for any macro-batch and number of threads.
 */
interface RiskDerivatives extends AutoCloseable {
  /** Number of parameters, P. */
  int size();

  /** {@code gbar = (1/N) sum_s g(s)}, (P). */
  double[] meanGradient();

  /** Products with {@code (1/N) sum_s} of the samples' curvature matrices. */
  HessianProduct mean(Curvature curvature);

  /** Products with the mean curvature of mini-batches, by number among the scorable samples. */
  BatchHessian ofSamples(Curvature curvature);

  /** The whole mean curvature matrix, (P,P) row-major, symmetric. */
  double[] dense(Curvature curvature);

  /**
   * An approximate inverse of the mean Gauss-Newton matrix, by EK-FAC.
   *
   * @param seed of the signs of its pseudo-gradients
   * @throws UnsupportedOperationException for a set without it
   */
  default KroneckerInverse ekfac(long seed) {
    throw new UnsupportedOperationException("EK-FAC is for the last block or all parameters");
  }

  /**
   * Sets the directions q that {@link #score} multiplies gradients with.
   *
   * @param directions one or more, each (P)
   */
  void aim(double[]... directions);

  /**
   * Scores some samples; a sample's numbers do not depend on the others in the call.
   *
   * @param ids scorable samples in any order, (B)
   * @throws IllegalStateException before {@link #aim}
   * @throws IllegalArgumentException if a sample is unscorable
   */
  GradientScores score(int[] ids);

  /**
   * Of B samples.
   *
   * @param dots {@code g(s).q} of each direction, (directions,B)
   * @param loss mean loss over the sample's positions, (B)
   * @param gradNorm {@code |g(s)|}, (B)
   */
  record GradientScores(double[][] dots, double[] loss, double[] gradNorm) {
    static GradientScores of(int directions, int samples) {
      return new GradientScores(
          new double[directions][samples], new double[samples], new double[samples]);
    }
  }

  /** Frees the memory. Idempotent. */
  @Override
  void close();
}
