// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static dev.coppice.backend.nativelib.Coppice.*;

import org.lwjgl.system.MemoryUtil;

/** {@link CoreOps}: each operation's shape rule, then its function of {@code coppice.h}. */
abstract class NativeCoreOps implements Backend {

  /** The open {@code cop_context}. */
  abstract long context();

  /** Whether operations take the tensors of that backend. */
  abstract boolean reads(Backend owner);

  /** Address of a tensor of this backend; 0 for none. */
  long in(Tensor tensor) {
    if (tensor == null) {
      return 0;
    }
    if (!reads(tensor.memory.backend())) {
      throw new IllegalArgumentException("tensor belongs to another backend");
    }
    return tensor.address();
  }

  static int flag(boolean value) {
    return value ? 1 : 0;
  }

  @Override
  public void gemm(
      boolean transA, boolean transB, float alpha, Tensor a, Tensor b, float beta, Tensor c) {
    OpShapes.gemm(transA, transB, a, b, c);
    NativeBackend.check(
        cop_gemm(
            context(),
            flag(transA),
            flag(transB),
            c.dim(0),
            c.dim(1),
            transA ? a.dim(0) : a.dim(1),
            alpha,
            in(a),
            in(b),
            b.dtype().code,
            beta,
            in(c)));
  }

  @Override
  public void axpy(float alpha, Tensor x, Tensor y) {
    OpShapes.axpy(x, y);
    NativeBackend.check(cop_axpy(context(), x.size(), alpha, in(x), in(y)));
  }

  @Override
  public void fill(Tensor x, float value) {
    Shapes.f32("x", x, x.dims());
    NativeBackend.check(cop_fill(context(), in(x), value, x.size()));
  }

  @Override
  public void scale(float alpha, Tensor x) {
    OpShapes.likeRows(x);
    NativeBackend.check(cop_scale(context(), x.size(), alpha, in(x)));
  }

  @Override
  public void convert(Tensor src, Tensor dst) {
    OpShapes.convert(src, dst);
    NativeBackend.check(cop_convert(context(), src.size(), in(src), src.dtype().code, in(dst)));
  }

  @Override
  public void dropoutForward(Tensor x, Dropout dropout, Tensor y) {
    OpShapes.dropoutForward(x, y);
    NativeBackend.check(
        cop_dropout_forward(
            context(),
            x.dim(0),
            x.dim(1),
            in(x),
            dropout.rate(),
            dropout.seed(),
            dropout.step(),
            dropout.site(),
            dropout.first(),
            in(y)));
  }

  @Override
  public void biasForward(Tensor bias, Tensor x) {
    OpShapes.bias(bias, x);
    NativeBackend.check(cop_bias_forward(context(), x.dim(0), x.dim(1), in(bias), in(x)));
  }

  @Override
  public void biasBackward(Tensor dy, Tensor dbias) {
    OpShapes.bias(dbias, dy);
    NativeBackend.check(cop_bias_backward(context(), dy.dim(0), dy.dim(1), in(dy), in(dbias)));
  }

  @Override
  public void embeddingForward(Tensor ids, Tensor table, boolean accumulate, Tensor out) {
    OpShapes.embeddingForward(ids, table, out);
    NativeBackend.check(
        cop_embedding_forward(
            context(),
            ids.dim(0),
            table.dim(1),
            table.dim(0),
            in(ids),
            in(table),
            table.dtype().code,
            flag(accumulate),
            in(out)));
  }

  @Override
  public void embeddingBackward(
      Tensor rows, Tensor segments, Tensor order, Tensor coef, Tensor src, Tensor dtable) {
    OpShapes.embeddingBackward(rows, segments, order, coef, src, dtable);
    NativeBackend.check(
        cop_embedding_backward(
            context(),
            rows.dim(0),
            dtable.dim(1),
            dtable.dim(0),
            in(rows),
            in(segments),
            in(order),
            in(coef),
            in(src),
            in(dtable)));
  }

  @Override
  public void attentionForward(
      Tensor offsets,
      Tensor q,
      Tensor k,
      Tensor v,
      AttentionRule rule,
      Dropout dropout,
      Tensor triangles,
      Tensor out,
      Tensor lse) {
    OpShapes.attention(offsets, q, k, v, rule, dropout, triangles);
    OpShapes.attentionOut(q, out, lse);
    NativeBackend.check(
        cop_attention_forward(
            context(),
            offsets.dim(0) - 1,
            q.dim(1),
            k.dim(1),
            q.dim(2),
            in(offsets),
            in(q),
            in(k),
            in(v),
            (float) rule.scale(),
            (float) rule.cap(),
            rule.window(),
            dropout.rate(),
            dropout.seed(),
            dropout.step(),
            dropout.site(),
            in(triangles),
            in(out),
            in(lse)));
  }

  @Override
  public void attentionBackward(
      Tensor offsets,
      Tensor q,
      Tensor k,
      Tensor v,
      Tensor out,
      Tensor lse,
      Tensor dout,
      AttentionRule rule,
      Dropout dropout,
      Tensor triangles,
      Tensor dq,
      Tensor dk,
      Tensor dv) {
    OpShapes.attention(offsets, q, k, v, rule, dropout, triangles);
    OpShapes.attentionOut(q, out, lse);
    OpShapes.likeRows(q, dout);
    OpShapes.attentionGrads(q, v, dq, dk, dv);
    NativeBackend.check(
        cop_attention_backward(
            context(),
            offsets.dim(0) - 1,
            q.dim(1),
            k.dim(1),
            q.dim(2),
            in(offsets),
            in(q),
            in(k),
            in(v),
            in(out),
            in(lse),
            in(dout),
            (float) rule.scale(),
            (float) rule.cap(),
            rule.window(),
            dropout.rate(),
            dropout.seed(),
            dropout.step(),
            dropout.site(),
            in(triangles),
            in(dq),
            in(dk),
            in(dv)));
  }

  @Override
  public void segmentSum(Tensor offsets, Tensor values, Tensor weights, Tensor out) {
    OpShapes.segmentSum(offsets, values, weights, out);
    NativeBackend.check(
        cop_segment_sum(context(), out.dim(0), in(offsets), in(values), in(weights), in(out)));
  }

  @Override
  public void segmentDot(Tensor offsets, Tensor x, Tensor y, Tensor out) {
    OpShapes.segments(offsets, out);
    OpShapes.rowPairs(x, y);
    Shapes.f32("y", y, x.dims());
    NativeBackend.check(
        cop_segment_dot(context(), out.dim(0), x.dim(1), in(offsets), in(x), in(y), in(out)));
  }

  @Override
  public void linearGradSqNorm(Tensor offsets, Tensor act, Tensor delta, Tensor out) {
    OpShapes.segments(offsets, out);
    OpShapes.rowPairs(act, delta);
    NativeBackend.check(
        cop_linear_grad_sqnorm(
            context(),
            out.dim(0),
            act.dim(1),
            delta.dim(1),
            in(offsets),
            in(act),
            in(delta),
            in(out)));
  }

  @Override
  public void linearGradSquares(Tensor offsets, Tensor act, Tensor delta, Tensor out) {
    OpShapes.linearGradSquares(offsets, act, delta, out);
    NativeBackend.check(
        cop_linear_grad_squares(
            context(),
            offsets.dim(0) - 1,
            act.dim(1),
            delta.dim(1),
            in(offsets),
            in(act),
            in(delta),
            in(out)));
  }

  @Override
  public void rowOuter(Tensor act, Tensor delta, Tensor out) {
    OpShapes.rowPairs(act, delta);
    Shapes.f32("out", out, act.dim(0), act.dim(1) * delta.dim(1));
    NativeBackend.check(
        cop_row_outer(
            context(), act.dim(0), act.dim(1), delta.dim(1), in(act), in(delta), in(out)));
  }

  @Override
  public boolean symmetricSolve(int n, double[] a, double[] b) {
    OpShapes.symmetricSolve(n, a, b);
    long bytes = 8L * a.length;
    long matrix = MemoryUtil.nmemAlignedAllocChecked(64, bytes + 8L * n + 8);
    long vector = matrix + bytes;
    long definite = vector + 8L * n;
    try {
      MemoryUtil.memDoubleBuffer(matrix, a.length).put(a);
      MemoryUtil.memDoubleBuffer(vector, n).put(b);
      NativeBackend.check(cop_symmetric_solve(context(), n, matrix, vector, definite));
      MemoryUtil.memDoubleBuffer(vector, n).get(b);
      return MemoryUtil.memGetInt(definite) == 1;
    } finally {
      MemoryUtil.nmemAlignedFree(matrix);
    }
  }
}
