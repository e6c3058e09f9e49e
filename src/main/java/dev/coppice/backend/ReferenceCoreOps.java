// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.Arrays;
import org.lwjgl.system.MemoryUtil;

/**
 * {@link CoreOps}: each operation's shape rule, then its formula on arrays. Inputs are copied out
 * before any output is stored, so every in-place call is safe.
 */
abstract class ReferenceCoreOps implements Backend {

  abstract void requireOpen();

  /** Refuses a tensor of another backend, or of released memory; null is allowed. */
  final void own(Tensor... tensors) {
    requireOpen();
    for (Tensor tensor : tensors) {
      if (tensor != null) {
        if (tensor.memory.backend() != this) {
          throw new IllegalArgumentException("tensor belongs to another backend");
        }
        tensor.address();
      }
    }
  }

  /** Content of a float tensor; null for null. */
  final double[] load(Tensor tensor) {
    own(tensor);
    if (tensor == null) {
      return null;
    }
    if (tensor.dtype() == DType.F32) {
      return tensor.doubles();
    }
    double[] values = new double[Math.toIntExact(tensor.size())];
    for (int i = 0; i < values.length; i++) {
      short bits = MemoryUtil.memGetShort(tensor.address() + 2L * i);
      values[i] = tensor.dtype() == DType.BF16 ? ReferenceHalf.bf16(bits) : ReferenceHalf.f16(bits);
    }
    return values;
  }

  final int[] ids(Tensor tensor) {
    own(tensor);
    return tensor == null ? null : tensor.ints();
  }

  /** Stores an output; a null tensor takes nothing. */
  static void store(Tensor tensor, double[] values) {
    if (tensor != null) {
      tensor.write(values);
    }
  }

  /**
   * Zeros for an output of packed rows {@code offsets[0] .. offsets[B]-1}; its other rows keep what
   * they hold, so that a tensor may have more rows than are in use.
   */
  final double[] packedZeros(Tensor like, Tensor output, int[] offsets) {
    double[] values = output == null ? new double[Math.toIntExact(like.size())] : load(output);
    int row = like.dim(0) == 0 ? 0 : values.length / like.dim(0);
    Arrays.fill(values, offsets[0] * row, offsets[offsets.length - 1] * row, 0);
    return values;
  }

  @Override
  public void gemm(
      boolean transA, boolean transB, float alpha, Tensor a, Tensor b, float beta, Tensor c) {
    OpShapes.gemm(transA, transB, a, b, c);
    own(a, b, c);
    double[] result = load(c);
    int k = transA ? a.dim(0) : a.dim(1);
    ReferenceGemm.gemm(
        transA, transB, c.dim(0), c.dim(1), k, alpha, load(a), load(b), beta, result);
    store(c, result);
  }

  @Override
  public void axpy(float alpha, Tensor x, Tensor y) {
    OpShapes.axpy(x, y);
    own(x, y);
    store(y, ReferenceElementwise.axpy(alpha, load(x), load(y)));
  }

  @Override
  public void fill(Tensor x, float value) {
    Shapes.f32("x", x, x.dims());
    own(x);
    store(x, ReferenceElementwise.fill(Math.toIntExact(x.size()), value));
  }

  @Override
  public void scale(float alpha, Tensor x) {
    OpShapes.likeRows(x);
    own(x);
    double[] scaled = load(x);
    ReferenceElementwise.scale(alpha, scaled);
    store(x, scaled);
  }

  @Override
  public void convert(Tensor src, Tensor dst) {
    OpShapes.convert(src, dst);
    own(src, dst);
    store(dst, load(src));
  }

  @Override
  public void dropoutForward(Tensor x, Dropout dropout, Tensor y) {
    OpShapes.dropoutForward(x, y);
    own(x, y);
    store(y, ReferenceDropout.apply(dropout, load(x)));
  }

  @Override
  public void biasForward(Tensor bias, Tensor x) {
    OpShapes.bias(bias, x);
    own(bias, x);
    store(x, ReferenceElementwise.addBias(load(x), load(bias)));
  }

  @Override
  public void biasBackward(Tensor dy, Tensor dbias) {
    OpShapes.bias(dbias, dy);
    own(dy, dbias);
    store(dbias, ReferenceReductions.columnSum(dy.dim(1), load(dy)));
  }

  @Override
  public void embeddingForward(Tensor ids, Tensor table, boolean accumulate, Tensor out) {
    OpShapes.embeddingForward(ids, table, out);
    own(ids, table, out);
    double[] result = load(out);
    ReferenceEmbedding.forward(ids(ids), table.dim(1), load(table), accumulate, result);
    store(out, result);
  }

  @Override
  public void embeddingBackward(
      Tensor rows, Tensor segments, Tensor order, Tensor coef, Tensor src, Tensor dtable) {
    OpShapes.embeddingBackward(rows, segments, order, coef, src, dtable);
    own(rows, segments, order, coef, src, dtable);
    double[] result = load(dtable);
    ReferenceEmbedding.backward(
        ids(rows), ids(segments), ids(order), load(coef), src.dim(1), load(src), result);
    store(dtable, result);
  }

  /** The shape of an attention call and its mask. */
  final ReferenceAttention attention(
      Tensor offsets, Tensor q, Tensor k, AttentionRule rule, Dropout dropout, Tensor triangles) {
    return new ReferenceAttention(
        ids(offsets), q.dim(1), k.dim(1), q.dim(2), rule, dropout, ids(triangles));
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
    own(offsets, q, k, v, triangles, out, lse);
    double[] result = load(out);
    double[] logSumExp = load(lse);
    attention(offsets, q, k, rule, dropout, triangles)
        .forward(load(q), load(k), load(v), result, logSumExp);
    store(out, result);
    store(lse, logSumExp);
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
    own(offsets, q, k, v, out, lse, dout, triangles, dq, dk, dv);
    double[] gradQ = packedZeros(q, dq, ids(offsets));
    double[] gradK = packedZeros(k, dk, ids(offsets));
    double[] gradV = packedZeros(v, dv, ids(offsets));
    attention(offsets, q, k, rule, dropout, triangles)
        .backward(load(q), load(k), load(v), load(out), load(lse), load(dout), gradQ, gradK, gradV);
    store(dq, gradQ);
    store(dk, gradK);
    store(dv, gradV);
  }

  @Override
  public void segmentSum(Tensor offsets, Tensor values, Tensor weights, Tensor out) {
    OpShapes.segmentSum(offsets, values, weights, out);
    own(offsets, values, weights, out);
    store(out, ReferenceReductions.segmentSum(ids(offsets), load(values), load(weights)));
  }

  @Override
  public void segmentDot(Tensor offsets, Tensor x, Tensor y, Tensor out) {
    OpShapes.segments(offsets, out);
    OpShapes.rowPairs(x, y);
    Shapes.f32("y", y, x.dims());
    own(offsets, x, y, out);
    store(out, ReferenceReductions.segmentDot(ids(offsets), x.dim(1), load(x), load(y)));
  }

  @Override
  public void linearGradSqNorm(Tensor offsets, Tensor act, Tensor delta, Tensor out) {
    OpShapes.segments(offsets, out);
    OpShapes.rowPairs(act, delta);
    own(offsets, act, delta, out);
    store(
        out,
        ReferenceReductions.linearGradSqNorm(
            ids(offsets), act.dim(1), delta.dim(1), load(act), load(delta)));
  }

  @Override
  public void linearGradSquares(Tensor offsets, Tensor act, Tensor delta, Tensor out) {
    OpShapes.linearGradSquares(offsets, act, delta, out);
    own(offsets, act, delta, out);
    store(
        out,
        ReferenceReductions.linearGradSquares(
            ids(offsets), act.dim(1), delta.dim(1), load(act), load(delta)));
  }

  @Override
  public void rowOuter(Tensor act, Tensor delta, Tensor out) {
    OpShapes.rowPairs(act, delta);
    Shapes.f32("out", out, act.dim(0), act.dim(1) * delta.dim(1));
    own(act, delta, out);
    store(
        out,
        ReferenceReductions.rowOuter(act.dim(0), act.dim(1), delta.dim(1), load(act), load(delta)));
  }

  @Override
  public boolean symmetricSolve(int n, double[] a, double[] b) {
    OpShapes.symmetricSolve(n, a, b);
    requireOpen();
    return ReferenceSymmetricSolve.solve(n, a, b);
  }
}
