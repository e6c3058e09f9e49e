// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import static dev.coppice.model.LayerOps.flat;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Dropout;
import dev.coppice.backend.Tensor;
import dev.coppice.data.LlmConfig;
import dev.coppice.data.Projection;

/**
 * Attention of samples whose first positions are shared. Queries, keys and values of the shared
 * positions are in the first rows of a layer's buffers, those of a chunk's own positions in the
 * rows after them; here they are gathered to whole samples, so that the attention is the one of
 * samples that share nothing. F positions of whole samples, P shared.
 */
final class SharedAttention {
  private final LayerOps ops;
  private final Backend backend;
  private final AttentionBuffers parts;
  private final Tensor q;
  private final Tensor k;
  private final Tensor v;
  private final Tensor out;
  private final Tensor lse;
  private final Tensor dout;
  private final Tensor dv;
  private final Tensor normed;

  /**
   * Reserves buffers.
   *
   * @param parts a layer's values, the shared positions first
   * @param rows most positions of a chunk's whole samples
   */
  SharedAttention(LayerOps ops, Allocator allocator, AttentionBuffers parts, int rows) {
    this.ops = ops;
    this.backend = ops.backend;
    this.parts = parts;
    LlmConfig config = ops.config;
    q = allocator.f32(rows, config.heads(), config.headDim());
    k = allocator.f32(rows, config.kvHeads(), config.headDim());
    v = allocator.f32(rows, config.kvHeads(), config.headDim());
    out = allocator.f32(rows, config.heads(), config.headDim());
    lse = allocator.f32(rows, config.heads());
    dout = allocator.f32(rows, config.heads(), config.headDim());
    dv = allocator.f32(rows, config.kvHeads(), config.headDim());
    normed = allocator.f32(rows, config.hidden());
  }

  /** The attention's output at the chunk's own positions, (T,H,C). */
  void forward(DecoderLayer layer, SharedRows shared, Tensor ownOut) {
    int rows = shared.rows().dim(0);
    gather(shared, flat(parts.q()), flat(q));
    gather(shared, flat(parts.k()), flat(k));
    gather(shared, flat(parts.v()), flat(v));
    Tensor whole = out.rows(0, rows);
    backend.attentionForward(
        shared.offsets(),
        q.rows(0, rows),
        k.rows(0, rows),
        v.rows(0, rows),
        layer.rule(),
        Dropout.NONE,
        null,
        whole,
        lse.rows(0, rows));
    backend.embeddingForward(shared.own(), flat(whole), false, flat(ownOut));
  }

  /**
   * The gradient at the values of whole samples, handed to {@code gradients}: that of the samples'
   * own losses, and at the shared positions that of their summed loss, which their own chunk has
   * left, times the weight of a target in the sample's loss.
   *
   * @param ownDout gradient at the output of the chunk's own positions, (T,H,C)
   */
  void backwardToValues(
      DecoderLayer layer, SharedRows shared, Tensor ownDout, LoraGradients gradients) {
    int rows = shared.rows().dim(0);
    Tensor wholeDv = dv.rows(0, rows);
    backend.fill(dout.rows(0, rows), 0);
    ops.scatter(shared.own(), flat(ownDout), flat(dout.rows(0, rows)));
    backend.attentionBackward(
        shared.offsets(),
        q.rows(0, rows),
        k.rows(0, rows),
        v.rows(0, rows),
        out.rows(0, rows),
        lse.rows(0, rows),
        dout.rows(0, rows),
        layer.rule(),
        Dropout.NONE,
        null,
        null,
        null,
        wholeDv);
    if (shared.scored()) {
      Tensor prefix = parts.dv().rows(0, shared.length());
      for (int i = 0; i < shared.starts().length; i++) {
        Tensor sample = dv.rows(shared.starts()[i], shared.length());
        backend.axpy((float) shared.weights()[i], prefix, sample);
      }
    }
    gather(shared, parts.normed(), normed);
    gradients.accept(
        layer.linear(Projection.V), shared.offsets(), normed.rows(0, rows), flat(wholeDv));
  }

  private void gather(SharedRows shared, Tensor table, Tensor whole) {
    backend.embeddingForward(shared.rows(), table, false, whole.rows(0, shared.rows().dim(0)));
  }
}
