// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static dev.coppice.backend.Shapes.anyFloat;
import static dev.coppice.backend.Shapes.f32;
import static dev.coppice.backend.Shapes.i32;
import static dev.coppice.backend.Shapes.optional;
import static dev.coppice.backend.Shapes.rank;
import static dev.coppice.backend.Shapes.require;
import static dev.coppice.backend.Shapes.sameSize;

/** The shape rule of every operation, checked by every backend before anything is written. */
final class OpShapes {
  private OpShapes() {}

  static void gemm(boolean transA, boolean transB, Tensor a, Tensor b, Tensor c) {
    rank("a", a, 2);
    rank("b", b, 2);
    int m = transA ? a.dim(1) : a.dim(0);
    int k = transA ? a.dim(0) : a.dim(1);
    f32("a", a, a.dims());
    anyFloat("b", b);
    int n = transB ? b.dim(0) : b.dim(1);
    require(
        (transB ? b.dim(1) : b.dim(0)) == k,
        "inner extents of a " + a + " and b " + b + " to agree");
    f32("c", c, m, n);
  }

  static void axpy(Tensor x, Tensor y) {
    f32("x", x, x.dims());
    f32("y", y, y.dims());
    sameSize("x", x, "y", y);
  }

  static void convert(Tensor src, Tensor dst) {
    anyFloat("src", src);
    f32("dst", dst, dst.dims());
    sameSize("src", src, "dst", dst);
  }

  static void dropoutForward(Tensor x, Tensor y) {
    rank("x", x, 2);
    f32("x", x, x.dims());
    f32("y", y, x.dims());
  }

  static void bias(Tensor bias, Tensor x) {
    rank("x", x, 2);
    f32("x", x, x.dims());
    f32("bias", bias, x.dim(1));
  }

  static void biasRelu(Tensor x, Tensor bias, Tensor y) {
    rank("x", x, 2);
    f32("x", x, x.dims());
    f32("y", y, x.dims());
    optional("bias", bias, x.dim(1));
  }

  static void biasReluBackward(Tensor dy, Tensor y, Tensor dx, Tensor dbias) {
    biasRelu(dy, dbias, y);
    f32("dx", dx, dy.dims());
  }

  static void embeddingForward(Tensor ids, Tensor table, Tensor out) {
    rank("table", table, 2);
    anyFloat("table", table);
    rank("ids", ids, 1);
    i32("ids", ids, ids.dim(0));
    f32("out", out, ids.dim(0), table.dim(1));
  }

  static void embeddingBackward(
      Tensor rows, Tensor segments, Tensor order, Tensor coef, Tensor src, Tensor dtable) {
    rank("rows", rows, 1);
    rank("order", order, 1);
    rank("src", src, 2);
    rank("dtable", dtable, 2);
    i32("rows", rows, rows.dim(0));
    i32("segments", segments, rows.dim(0) + 1);
    i32("order", order, order.dim(0));
    optional("coef", coef, src.dim(0));
    f32("src", src, src.dim(0), dtable.dim(1));
    f32("dtable", dtable, dtable.dims());
  }

  static void layerNormForward(
      Tensor x,
      Tensor bias,
      Tensor residual,
      Tensor gamma,
      Tensor beta,
      Tensor y,
      Tensor xhat,
      Tensor rstd) {
    rank("x", x, 2);
    int t = x.dim(0);
    int d = x.dim(1);
    require(d > 0, "at least one column");
    f32("x", x, t, d);
    optional("bias", bias, d);
    optional("residual", residual, t, d);
    f32("gamma", gamma, d);
    f32("beta", beta, d);
    f32("y", y, t, d);
    f32("xhat", xhat, t, d);
    f32("rstd", rstd, t);
  }

  static void layerNormBackward(
      Tensor dy, Tensor xhat, Tensor rstd, Tensor gamma, Dropout dropout, Tensor ds, Tensor dx) {
    rank("dy", dy, 2);
    int t = dy.dim(0);
    int d = dy.dim(1);
    require(d > 0, "at least one column");
    f32("dy", dy, t, d);
    f32("xhat", xhat, t, d);
    f32("rstd", rstd, t);
    f32("gamma", gamma, d);
    f32("ds", ds, t, d);
    require(dx != null || dropout.rate() == 0, "dx where there is dropout");
    optional("dx", dx, t, d);
  }

  static void columns(int width, Tensor... vectors) {
    for (Tensor vector : vectors) {
      optional("parameter vector", vector, width);
    }
  }

  static void likeRows(Tensor model, Tensor... tensors) {
    f32("activation", model, model.dims());
    for (Tensor tensor : tensors) {
      f32("activation", tensor, model.dims());
    }
  }

  static void attention(
      Tensor offsets, Tensor q, Tensor k, Tensor v, Dropout dropout, Tensor triangles) {
    rank("offsets", offsets, 1);
    require(offsets.dim(0) >= 1, "offsets of at least one entry");
    i32("offsets", offsets, offsets.dim(0));
    rank("q", q, 3);
    rank("k", k, 3);
    f32("q", q, q.dims());
    f32("k", k, q.dim(0), k.dim(1), q.dim(2));
    f32("v", v, k.dims());
    require(
        k.dim(1) > 0 && q.dim(1) % k.dim(1) == 0,
        "query heads to be a multiple of key/value heads");
    require(q.dim(2) <= 256, "heads of at most 256 columns");
    require(triangles != null || dropout.rate() == 0, "triangles where there is dropout");
    if (triangles != null) {
      i32("triangles", triangles, offsets.dim(0) - 1);
    }
  }

  static void attentionOut(Tensor q, Tensor out, Tensor lse) {
    f32("out", out, q.dims());
    f32("lse", lse, q.dim(0), q.dim(1));
  }

  static void attentionGrads(Tensor q, Tensor v, Tensor dq, Tensor dk, Tensor dv) {
    require((dq == null) == (dk == null), "dq and dk to be given together");
    optional("dq", dq, q.dims());
    optional("dk", dk, v.dims());
    f32("dv", dv, v.dims());
  }

  static void segments(Tensor offsets, Tensor out) {
    rank("offsets", offsets, 1);
    require(offsets.dim(0) >= 1, "offsets of at least one entry");
    i32("offsets", offsets, offsets.dim(0));
    f32("out", out, offsets.dim(0) - 1);
  }

  static void linearGradSquares(Tensor offsets, Tensor act, Tensor delta, Tensor out) {
    rank("offsets", offsets, 1);
    require(offsets.dim(0) >= 1, "offsets of at least one entry");
    i32("offsets", offsets, offsets.dim(0));
    rowPairs(act, delta);
    f32("out", out, delta.dim(1), act.dim(1));
  }

  static void segmentSum(Tensor offsets, Tensor values, Tensor weights, Tensor out) {
    segments(offsets, out);
    rank("values", values, 1);
    f32("values", values, values.dim(0));
    optional("weights", weights, values.dim(0));
  }

  static void rowPairs(Tensor x, Tensor y) {
    rank("x", x, 2);
    rank("y", y, 2);
    f32("x", x, x.dims());
    f32("y", y, x.dim(0), y.dim(1));
  }

  static void sampledBce(Tensor h, Tensor table, Tensor positives, Tensor negatives, Tensor w) {
    rank("h", h, 2);
    rank("table", table, 2);
    int t = h.dim(0);
    f32("h", h, h.dims());
    f32("table", table, table.dim(0), h.dim(1));
    i32("positives", positives, t);
    i32("negatives", negatives, t);
    f32("w", w, t);
  }

  static void adam(Tensor param, Tensor grad, Tensor m, Tensor v, long step) {
    axpy(param, grad);
    axpy(param, m);
    axpy(param, v);
    require(step >= 1, "steps counted from 1");
  }

  static void itemTopK(Tensor h, Tensor table, Tensor maskOffsets, Tensor maskIds, Tensor ids) {
    rank("h", h, 2);
    rank("table", table, 2);
    rank("maskIds", maskIds, 1);
    rank("ids", ids, 2);
    f32("h", h, h.dims());
    f32("table", table, table.dim(0), h.dim(1));
    i32("maskOffsets", maskOffsets, h.dim(0) + 1);
    i32("maskIds", maskIds, maskIds.dim(0));
    i32("ids", ids, h.dim(0), ids.dim(1));
    require(ids.dim(1) > 0, "K of at least 1");
  }

  static void denseTail(InfluenceOps.DenseTailState s) {
    rank("hidden", s.hidden(), 2);
    rank("table", s.table(), 2);
    int t = s.hidden().dim(0);
    int d = s.hidden().dim(1);
    require(d > 0, "at least one column");
    likeRows(s.hidden(), s.middleXhat(), s.first(), s.second(), s.outXhat());
    likeRows(s.hidden(), s.dhidden(), s.dmiddle());
    f32("middleRstd", s.middleRstd(), t);
    f32("outRstd", s.outRstd(), t);
    f32("middleGamma", s.middleGamma(), d);
    f32("outGamma", s.outGamma(), d);
    f32("firstWeight", s.firstWeight(), d, d);
    f32("secondWeight", s.secondWeight(), d, d);
    sampledBce(s.hidden(), s.table(), s.positives(), s.negatives(), s.w());
  }

  static void denseTailLissa(
      InfluenceOps.DenseTailState s, Tensor x, Tensor ranges, Tensor g, Tensor h, Tensor norms) {
    denseTail(s);
    likeRows(s.hidden(), x);
    likeRows(s.firstWeight(), g, h);
    rank("ranges", ranges, 3);
    i32("ranges", ranges, ranges.dim(0), ranges.dim(1), 2);
    require(ranges.dim(1) > 0, "at least one sample a step");
    f32("norms", norms, ranges.dim(0));
  }

  static void rowSquare(Tensor x, Tensor out) {
    rank("x", x, 2);
    f32("x", x, x.dims());
    f32("out", out, x.dim(0), Math.toIntExact(InfluenceOps.triangle(x.dim(1))));
  }

  static void rmsNorm(Tensor x, Tensor weight, Tensor y, Tensor rstd) {
    rank("x", x, 2);
    require(x.dim(1) > 0, "at least one column");
    f32("x", x, x.dims());
    f32("weight", weight, x.dim(1));
    f32("y", y, x.dims());
    f32("rstd", rstd, x.dim(0));
  }

  static void rope(Tensor positions, Tensor cosines, Tensor sines, Tensor x) {
    rank("x", x, 3);
    rank("cosines", cosines, 2);
    f32("x", x, x.dims());
    require(x.dim(2) % 2 == 0, "an even head width");
    i32("positions", positions, x.dim(0));
    f32("cosines", cosines, cosines.dim(0), x.dim(2) / 2);
    f32("sines", sines, cosines.dims());
  }

  static void crossEntropy(Tensor targets, Tensor w, Tensor logits, Tensor loss) {
    rank("logits", logits, 2);
    f32("logits", logits, logits.dims());
    require(logits.dim(1) > 0, "at least one class");
    i32("targets", targets, logits.dim(0));
    f32("w", w, logits.dim(0));
    f32("loss", loss, logits.dim(0));
  }

  static void symmetricSolve(int n, double[] a, double[] b) {
    require(n > 0 && (long) n * n == a.length && n == b.length, "a (n,n) and b (n)");
  }
}
