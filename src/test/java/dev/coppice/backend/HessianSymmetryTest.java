// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static dev.coppice.backend.Differences.gaussian;

import org.junit.jupiter.api.Test;

/**
 * Hessian products by forward-over-reverse of a small model on the reference backend: attention
 * with q = k = v = x W^T, layer norm of its output plus x, bias and ReLU, sampled cross-entropy.
 */
class HessianSymmetryTest {
  private static final int ROWS = 7;
  private static final int WIDTH = 6;
  private static final float SCALE = 0.6f;

  private static final class Model implements AutoCloseable {
    private final Differences work = new Differences();
    private final Backend b = work.backend;
    private final Tensor offsets = work.ids(0, 3, 7);
    private final Tensor x = work.of(gaussian(1, ROWS * WIDTH), ROWS, WIDTH);
    private final Tensor gamma = work.of(gaussian(2, WIDTH), WIDTH);
    private final Tensor beta = work.of(gaussian(3, WIDTH), WIDTH);
    private final Tensor bias = work.of(gaussian(4, WIDTH), WIDTH);
    private final Tensor table = work.of(gaussian(5, 5 * WIDTH), 5, WIDTH);
    private final Tensor positives = work.ids(1, 2, 3, 4, 1, 2, 3);
    private final Tensor negatives = work.ids(4, 4, 1, 2, 3, 3, 1);
    private final Tensor w = work.of(new double[] {.2, .3, .1, .5, .4, .2, .3}, ROWS);

    private Tensor p;
    private Tensor out;
    private Tensor lse;
    private Tensor xhat;
    private Tensor rstd;
    private Tensor f;
    private Tensor df;
    private Tensor dy;
    private Tensor ds;

    private Tensor rows() {
      return work.empty(ROWS, WIDTH);
    }

    private static Tensor heads(Tensor rows) {
      return rows.reshape(ROWS, 2, WIDTH / 2);
    }

    private Tensor sum(Tensor... parts) {
      Tensor total = work.of(new double[ROWS * WIDTH], ROWS, WIDTH);
      for (Tensor part : parts) {
        b.axpy(1, part, total);
      }
      return total;
    }

    private Tensor times(Tensor weight) {
      Tensor product = rows();
      b.gemm(false, true, 1, x, weight, 0, product);
      return product;
    }

    private double[] gradientOf(Tensor dp) {
      Tensor dw = work.empty(WIDTH, WIDTH);
      b.gemm(true, false, 1, dp, x, 0, dw);
      return dw.doubles();
    }

    double[] gradient(double[] weight) {
      p = times(work.of(weight, WIDTH, WIDTH));
      out = rows();
      lse = work.empty(ROWS, 2);
      b.attentionForward(
          offsets, heads(p), heads(p), heads(p), SCALE, Dropout.NONE, null, heads(out), lse);
      Tensor y = rows();
      xhat = rows();
      rstd = work.empty(ROWS);
      b.residualLayerNormForward(out, null, x, gamma, beta, 1e-3f, Dropout.NONE, y, xhat, rstd);
      f = rows();
      b.biasReluForward(y, bias, f);
      df = rows();
      Tensor[] t = {work.empty(ROWS), work.empty(ROWS), work.empty(ROWS)};
      b.sampledBceForward(f, table, positives, negatives, w, t[0], t[1], t[2], df);
      dy = rows();
      b.biasReluBackward(df, f, dy, null);
      ds = rows();
      b.residualLayerNormBackward(dy, xhat, rstd, gamma, Dropout.NONE, ds, null, null, null, null);
      Tensor dq = rows();
      Tensor dk = rows();
      Tensor dv = rows();
      b.attentionBackward(
          offsets,
          heads(p),
          heads(p),
          heads(p),
          heads(out),
          lse,
          heads(ds),
          SCALE,
          Dropout.NONE,
          null,
          heads(dq),
          heads(dk),
          heads(dv));
      return gradientOf(sum(dq, dk, dv));
    }

    double[] hvp(double[] weight, double[] direction) {
      gradient(weight);
      Tensor pDot = times(work.of(direction, WIDTH, WIDTH));
      Tensor outDot = rows();
      Tensor lseDot = work.empty(ROWS, 2);
      b.attentionForwardJvp(
          offsets,
          heads(p),
          heads(p),
          heads(p),
          heads(pDot),
          heads(pDot),
          heads(pDot),
          heads(out),
          lse,
          SCALE,
          heads(outDot),
          lseDot);
      Tensor fDot = rows();
      Tensor xhatDot = rows();
      Tensor rstdDot = work.empty(ROWS);
      b.residualLayerNormForwardJvp(outDot, xhat, rstd, gamma, null, null, fDot, xhatDot, rstdDot);
      b.biasReluForwardJvp(fDot, null, f, fDot);
      Tensor dfDot = rows();
      Tensor[] t = {work.empty(ROWS), work.empty(ROWS)};
      b.sampledBceJvp(f, fDot, table, null, positives, negatives, w, null, t[0], t[1], dfDot);
      Tensor dyDot = rows();
      b.biasReluBackward(dfDot, f, dyDot, null);
      Tensor dsDot = rows();
      b.residualLayerNormBackwardJvp(
          dy, dyDot, xhat, xhatDot, rstd, rstdDot, gamma, null, dsDot, null, null);
      Tensor dq = rows();
      Tensor dk = rows();
      Tensor dv = rows();
      b.attentionBackwardJvp(
          offsets,
          heads(p),
          heads(p),
          heads(p),
          heads(pDot),
          heads(pDot),
          heads(pDot),
          heads(out),
          heads(outDot),
          lse,
          lseDot,
          heads(ds),
          heads(dsDot),
          SCALE,
          heads(dq),
          heads(dk),
          heads(dv));
      return gradientOf(sum(dq, dk, dv));
    }

    @Override
    public void close() {
      work.close();
    }
  }

  @Test
  void hvpIsTheDifferenceOfGradients() {
    try (Model model = new Model()) {
      double[] weight = gaussian(6, WIDTH * WIDTH);
      double[] direction = gaussian(7, WIDTH * WIDTH);
      Tolerance.assertClose(
          "Hv",
          Differences.tangent(model::gradient, weight, direction),
          model.hvp(weight, direction),
          Differences.TOLERANCE);
    }
  }

  @Test
  void hvpIsSymmetric() {
    try (Model model = new Model()) {
      double[] weight = gaussian(8, WIDTH * WIDTH);
      double[] u = gaussian(9, WIDTH * WIDTH);
      double[] v = gaussian(10, WIDTH * WIDTH);
      double uHv = Differences.dot(u, model.hvp(weight, v));
      double vHu = Differences.dot(v, model.hvp(weight, u));
      Tolerance.assertClose("uHv", new double[] {uHv}, new double[] {vHu}, 1e-12);
    }
  }
}
