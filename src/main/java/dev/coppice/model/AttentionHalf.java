// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import static dev.coppice.model.LayerOps.flat;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Dropout;
import dev.coppice.backend.Tensor;
import dev.coppice.data.LayerNorm;
import dev.coppice.data.Projection;
import dev.coppice.model.LanguagePass.Reach;

/**
 * First half of a decoder layer, in buffers of a fixed number of rows: norm, projections, rotation,
 * attention, o_proj, added to the residual stream. x is (T,D).
 */
final class AttentionHalf {
  private final LayerOps ops;
  private final Backend backend;
  private final AttentionBuffers buffers;
  private final SharedAttention sharing; // or null
  private final BranchNorm branch; // or null

  /** Reserves buffers; parameters as those of {@link LanguagePass#LanguagePass}. */
  AttentionHalf(LayerOps ops, Allocator allocator, int rows, int shared, int wholeRows) {
    this.ops = ops;
    this.backend = ops.backend;
    buffers = AttentionBuffers.allocate(allocator, ops.config, shared + rows);
    sharing = shared > 0 ? new SharedAttention(ops, allocator, buffers, wholeRows) : null;
    branch = ops.branch(allocator, rows);
  }

  /**
   * Norm, projections, rotation and attention of a layer's input. What a chunk of shared positions
   * leaves is there for the chunks after it.
   */
  AttentionBuffers attend(DecoderLayer layer, TokenChunk chunk, Tensor x) {
    AttentionBuffers a = buffers.rows(chunk.base(), x.dim(0));
    backend.rmsNormForward(x, layer.norm(LayerNorm.INPUT), ops.eps(), a.normed(), a.rstd());
    projectHeads(layer, Projection.Q, a.normed(), a.queries(), LayerNorm.QUERY, a.q());
    projectHeads(layer, Projection.K, a.normed(), a.keys(), LayerNorm.KEY, a.k());
    ops.project(layer, Projection.V, a.normed(), false, flat(a.v()));
    rotate(layer, chunk, a.q(), false);
    rotate(layer, chunk, a.k(), false);
    if (chunk.shared() != null) {
      sharing.forward(layer, chunk.shared(), a.out());
      return a;
    }
    backend.attentionForward(
        chunk.offsets(), a.q(), a.k(), a.v(), layer.rule(), Dropout.NONE, null, a.out(), a.lse());
    return a;
  }

  /** {@code x += } what the heads give; x (M,D), heads (M,H*C). */
  void addTo(DecoderLayer layer, Tensor heads, Tensor x) {
    if (!layer.has(LayerNorm.ATTENTION_BRANCH)) {
      ops.project(layer, Projection.O, heads, true, x);
      return;
    }
    BranchNorm norm = branch.first(x.dim(0));
    ops.project(layer, Projection.O, heads, false, norm.branch());
    norm.addTo(backend, layer.norm(LayerNorm.ATTENTION_BRANCH), ops.eps(), x);
  }

  /** From the gradient at the residual stream, (M,D), to that at the heads, (M,H*C). */
  void backToHeads(
      DecoderLayer layer,
      Tensor offsets,
      Tensor heads,
      LoraGradients gradients,
      Tensor dx,
      Tensor dheads) {
    Tensor end = ops.intoBranch(branch, layer, LayerNorm.ATTENTION_BRANCH, dx);
    gradients.accept(layer.linear(Projection.O), offsets, heads, end);
    ops.projectBack(layer, Projection.O, end, false, dheads);
  }

  /** From {@code a.dout()} to the projections, and to {@code a.dnormed()}. */
  void backward(
      DecoderLayer layer,
      TokenChunk chunk,
      AttentionBuffers a,
      LoraGradients gradients,
      Reach reach) {
    boolean valuesOnly = reach == Reach.VALUES;
    if (chunk.shared() != null) {
      sharing.backwardToValues(layer, chunk.shared(), a.dout(), gradients);
      return;
    }
    backend.attentionBackward(
        chunk.offsets(),
        a.q(),
        a.k(),
        a.v(),
        a.out(),
        a.lse(),
        a.dout(),
        layer.rule(),
        Dropout.NONE,
        null,
        valuesOnly ? null : a.dq(),
        valuesOnly ? null : a.dk(),
        a.dv());
    gradients.accept(layer.linear(Projection.V), chunk.offsets(), a.normed(), flat(a.dv()));
    if (valuesOnly) {
      return;
    }
    Tensor dq = backToProjection(layer, chunk, a.queries(), LayerNorm.QUERY, a.dq(), a.q());
    Tensor dk = backToProjection(layer, chunk, a.keys(), LayerNorm.KEY, a.dk(), a.k());
    gradients.accept(layer.linear(Projection.Q), chunk.offsets(), a.normed(), flat(dq));
    gradients.accept(layer.linear(Projection.K), chunk.offsets(), a.normed(), flat(dk));
    if (reach == Reach.INPUT) {
      ops.projectBack(layer, Projection.Q, flat(dq), false, a.dnormed());
      ops.projectBack(layer, Projection.K, flat(dk), true, a.dnormed());
      ops.projectBack(layer, Projection.V, flat(a.dv()), true, a.dnormed());
    }
  }

  /** A projection to heads, normalised where the layer has that norm. */
  private void projectHeads(
      DecoderLayer layer,
      Projection projection,
      Tensor x,
      HeadNorm norms,
      LayerNorm norm,
      Tensor heads) {
    if (!layer.has(norm)) {
      ops.project(layer, projection, x, false, flat(heads));
      return;
    }
    ops.project(layer, projection, x, false, flat(norms.raw()));
    norms.forward(backend, layer.norm(norm), ops.eps(), heads);
  }

  /**
   * From the gradient at rotated heads to that at their projection's output.
   *
   * @param other memory of the same size that may be overwritten
   * @return which of the two holds it
   */
  private Tensor backToProjection(
      DecoderLayer layer,
      TokenChunk chunk,
      HeadNorm norms,
      LayerNorm norm,
      Tensor dheads,
      Tensor other) {
    rotate(layer, chunk, dheads, true);
    if (!layer.has(norm)) {
      return dheads;
    }
    norms.backward(backend, layer.norm(norm), dheads, other);
    return other;
  }

  private void rotate(DecoderLayer layer, TokenChunk chunk, Tensor heads, boolean inverse) {
    RotaryTable table = layer.rotary();
    backend.ropeForward(chunk.positions(), table.cosines(), table.sines(), inverse, heads);
  }
}
