// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.Arrays;

/**
 * Definition of the curvature of {@link InfluenceOps}, on arrays: the tangent of the gradient in s
 * along a direction of s.
 *
 * @param middle first layer norm
 * @param out second layer norm
 * @param loss the loss as a function of h
 */
record ReferenceDenseTail(
    int width,
    Norm middle,
    Norm out,
    double[] first,
    double[] firstWeight,
    double[] second,
    double[] secondWeight,
    ReferenceSampledBce loss,
    double[] dhidden,
    double[] dmiddle) {

  /** Values of a layer norm. */
  record Norm(int width, double[] xhat, double[] rstd, double[] gamma) {
    Norm rows(int from, int to) {
      double[] values = Arrays.copyOfRange(xhat, from * width, to * width);
      return new Norm(width, values, Arrays.copyOfRange(rstd, from, to), gamma);
    }

    double[] xhatDot(double[] sDot) {
      return ReferenceLayerNorm.project(width, sDot, xhat, rstd);
    }

    double[] scaled(double[] x) {
      return ReferenceLayerNorm.affine(x, gamma, null);
    }

    /** Gauss-Newton: the backward pass itself. */
    double[] backward(double[] dyDot) {
      return ReferenceLayerNorm.project(width, scaled(dyDot), xhat, rstd);
    }

    /** Hessian: the tangent of the backward pass along {@code sDot}. */
    double[] backwardJvp(double[] sDot, double[] dy, double[] dyDot) {
      double[] rstdDot = ReferenceLayerNorm.rstdDot(width, sDot, xhat, rstd);
      return ReferenceLayerNorm.projectJvp(
          width, scaled(dy), scaled(dyDot), xhat, xhatDot(sDot), rstd, rstdDot);
    }
  }

  private double[] times(double[] x, double[] weight, boolean transposed) {
    double[] y = new double[x.length];
    ReferenceGemm.gemm(false, transposed, x.length / width, width, width, 1, x, weight, 0, y);
    return y;
  }

  /** {@code M_t sDot_t} for each position, (T,D). */
  double[] tangent(double[] sDot, boolean gaussNewton) {
    double[] middleDot = middle.scaled(middle.xhatDot(sDot));
    double[] firstDot = ReferenceElementwise.reluMask(times(middleDot, firstWeight, true), first);
    double[] secondDot = ReferenceElementwise.reluMask(times(firstDot, secondWeight, true), second);
    double[] sumDot = ReferenceElementwise.axpy(1, middleDot, secondDot);
    double[] hiddenDot = out.scaled(out.xhatDot(sumDot));
    int rows = loss.w().length;
    double[] dhiddenDot = new double[sDot.length];
    loss.jvp(hiddenDot, null, new double[rows], new double[rows], new double[rows], dhiddenDot);
    double[] dsumDot =
        gaussNewton ? out.backward(dhiddenDot) : out.backwardJvp(sumDot, dhidden, dhiddenDot);
    double[] dsecondDot = ReferenceElementwise.reluMask(dsumDot, second);
    double[] dfirstDot =
        ReferenceElementwise.reluMask(times(dsecondDot, secondWeight, false), first);
    double[] dmiddleDot =
        ReferenceElementwise.axpy(1, dsumDot, times(dfirstDot, firstWeight, false));
    return gaussNewton
        ? middle.backward(dmiddleDot)
        : middle.backwardJvp(sDot, dmiddle, dmiddleDot);
  }

  /** {@code sum_t (M_t V x_t) x_t^T}, (D,D). */
  double[] hvp(double[] x, double[] direction, boolean gaussNewton) {
    double[] result = new double[width * width];
    double[] tangent = tangent(times(x, direction, true), gaussNewton);
    ReferenceGemm.gemm(true, false, width, width, x.length / width, 1, tangent, x, 0, result);
    return result;
  }

  /** The positions from..to-1 alone. */
  private ReferenceDenseTail rows(int from, int to) {
    return new ReferenceDenseTail(
        width,
        middle.rows(from, to),
        out.rows(from, to),
        cut(first, from, to),
        firstWeight,
        cut(second, from, to),
        secondWeight,
        new ReferenceSampledBce(
            cut(loss.h(), from, to),
            loss.table(),
            Arrays.copyOfRange(loss.positives(), from, to),
            Arrays.copyOfRange(loss.negatives(), from, to),
            Arrays.copyOfRange(loss.w(), from, to)),
        cut(dhidden, from, to),
        cut(dmiddle, from, to));
  }

  private double[] cut(double[] rows, int from, int to) {
    return Arrays.copyOfRange(rows, from * width, to * width);
  }

  /**
   * LiSSA's recursion, h in place.
   *
   * @param steps of each step its samples' first positions and ends in turn
   * @return |h| after each step
   */
  double[] lissa(
      double[] x,
      int[][] steps,
      double damp,
      double rate,
      double[] g,
      double[] h,
      boolean gaussNewton) {
    double[] norms = new double[steps.length];
    for (int k = 0; k < steps.length; k++) {
      double[] sum = new double[h.length];
      for (int j = 0; j < steps[k].length; j += 2) {
        int from = steps[k][j];
        int to = steps[k][j + 1];
        double[] product = rows(from, to).hvp(cut(x, from, to), h, gaussNewton);
        sum = ReferenceElementwise.axpy(1, product, sum);
      }
      double squares = 0;
      for (int i = 0; i < h.length; i++) {
        h[i] += g[i] - damp * h[i] - rate * sum[i];
        squares += h[i] * h[i];
      }
      norms[k] = Math.sqrt(squares);
    }
    return norms;
  }

  /** Lower triangles of all M_t, column after column. */
  double[] curvature(boolean gaussNewton) {
    int rows = loss.w().length;
    int packed = Math.toIntExact(InfluenceOps.triangle(width));
    double[] result = new double[Math.multiplyExact(rows, packed)];
    int column = 0;
    for (int j = 0; j < width; j++) {
      double[] unit = new double[rows * width];
      for (int t = 0; t < rows; t++) {
        unit[t * width + j] = 1;
      }
      double[] tangent = tangent(unit, gaussNewton);
      for (int t = 0; t < rows; t++) {
        System.arraycopy(tangent, t * width + j, result, t * packed + column, width - j);
      }
      column += width - j;
    }
    return result;
  }
}
