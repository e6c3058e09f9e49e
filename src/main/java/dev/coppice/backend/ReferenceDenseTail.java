// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

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
