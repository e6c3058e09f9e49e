// SPDX-License-Identifier: Apache-2.0
package dev.coppice.report;

import java.util.List;
import java.util.OptionalDouble;

/**
 * How much the curvature of the risk changes the influence scores.
 *
 * @param spectra eigenvalues of the curvature matrices
 * @param top number of highest samples whose overlap is told
 * @param rows by curvature, falling damping
 */
public record CurvatureEffect(List<Spectrum> spectra, int top, List<Row> rows) {

  /**
   * Estimated eigenvalues of one matrix.
   *
   * @param curvature hessian or gauss-newton
   * @param largest the largest, and {@code largestError}, how near to it one surely is
   * @param smallest the smallest, and {@code smallestError} likewise
   * @param nodes places of the spectral density, ascending, (m)
   * @param weights share of the eigenvalues at each, sum 1, (m)
   */
  public record Spectrum(
      String curvature,
      double largest,
      double largestError,
      double smallest,
      double smallestError,
      double[] nodes,
      double[] weights) {
    private static final int POINTS = 300;
    private static final double WIDTH = 0.01; // of the range of the eigenvalues

    /**
     * The density as a curve: {@code y(x) = sum_i weight_i exp(-(x - node_i)^2 / (2 w^2))}, about
     * the share of the eigenvalues within w of x; w is a hundredth of their range.
     *
     * @return x, and y below it, (2,points)
     */
    double[][] curve() {
      double range = largest - smallest;
      double w = WIDTH * (range > 0 ? range : Math.max(Math.abs(largest), 1e-300));
      double low = smallest - 3 * w;
      double[][] curve = new double[2][POINTS];
      for (int p = 0; p < POINTS; p++) {
        double x = low + (range + 6 * w) * p / (POINTS - 1);
        curve[0][p] = x;
        for (int i = 0; i < nodes.length; i++) {
          double distance = (x - nodes[i]) / w;
          curve[1][p] += weights[i] * Math.exp(-0.5 * distance * distance);
        }
      }
      return curve;
    }
  }

  /**
   * Influence at one damping against the plain dot product with the mean gradient.
   *
   * @param curvature hessian or gauss-newton
   * @param damping in units of the matrix
   * @param relative over its largest eigenvalue; empty where that is not positive
   * @param used whether the scores of the run are these
   * @param indefinite whether matrix and damping together have a negative eigenvalue
   * @param residual relative, of the linear system; empty where it was not solved
   * @param spearman rank correlation of the two scores; empty where there is none
   * @param overlap share of the highest samples that both have; empty where there is none
   */
  public record Row(
      String curvature,
      double damping,
      OptionalDouble relative,
      boolean used,
      boolean indefinite,
      OptionalDouble residual,
      OptionalDouble spearman,
      OptionalDouble overlap) {}
}
