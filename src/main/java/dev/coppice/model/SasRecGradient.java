// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Dropout;
import dev.coppice.backend.Tensor;
import dev.coppice.model.SasRecInput.Scatter;

/**
 * The backward pass of SASRec: the gradient of the weighted loss of a batch with respect to every
 * parameter.
 */
final class SasRecGradient {
  private final Backend backend;
  private final SasRecConfig config;
  private final Buffers buffers;
  private Buffers now;

  /**
   * Gradients at activations, each (T,D): {@code dy} of the current block's output and then input,
   * {@code dropped} behind a dropout, two for whatever is between, and of queries, keys, values.
   */
  private record Buffers(
      Tensor dy, Tensor dropped, Tensor upper, Tensor lower, Tensor dq, Tensor dk, Tensor dv) {
    static Buffers of(Allocator a, int t, int d) {
      return new Buffers(
          a.f32(t, d),
          a.f32(t, d),
          a.f32(t, d),
          a.f32(t, d),
          a.f32(t, d),
          a.f32(t, d),
          a.f32(t, d));
    }

    Buffers rows(int first, int t) {
      return new Buffers(
          dy.rows(first, t),
          dropped.rows(first, t),
          upper.rows(first, t),
          lower.rows(first, t),
          dq.rows(first, t),
          dk.rows(first, t),
          dv.rows(first, t));
    }
  }

  SasRecGradient(Backend backend, SasRecConfig config, Allocator allocator, int capacity) {
    this.backend = backend;
    this.config = config;
    buffers = Buffers.of(allocator, capacity, config.hidden());
  }

  private SasRecGradient(Backend lane, SasRecGradient origin) {
    backend = lane;
    config = origin.config;
    buffers = origin.buffers;
  }

  /** This pass on a lane: it shares the memory, of which each lane writes its own part. */
  SasRecGradient on(Backend lane) {
    return new SasRecGradient(lane, this);
  }

  /**
   * Loss and gradient of a part of a batch, but for the tables.
   *
   * @param model after its forward pass over the part
   * @param gradient receives the gradient of all but the tables
   */
  void layers(
      SasRec model,
      SasRecParameters weights,
      SasRecPart input,
      DropoutSites dropout,
      SasRecParameters gradient) {
    now = buffers.rows(input.first(), input.positionCount());
    model.loss(weights, input, now.dy());
    for (int l = config.layers() - 1; l >= 0; l--) {
      feedForward(model, weights.layers(l), gradient.layers(l), l, dropout);
      attention(model, weights.layers(l), gradient.layers(l), input, l, dropout);
    }
    embedding(model, weights, dropout, gradient);
  }

  /**
   * Adds the gradient of the tables, after {@link #layers} of the whole batch.
   *
   * @param model whose results are those of the whole batch
   * @param gradient its tables are added to
   */
  void tables(SasRec model, SasRecInput input, SasRecParameters gradient) {
    now = buffers.rows(0, input.positionCount());
    scatter(input.positiveScatter(), model.dpos(), model.hidden(), gradient.items());
    scatter(input.negativeScatter(), model.dneg(), model.hidden(), gradient.items());
    scatter(input.itemScatter(), null, now.dy(), gradient.items());
    scatter(input.positionScatter(), null, now.dy(), gradient.positions());
  }

  private void scatter(Scatter lists, Tensor coef, Tensor src, Tensor dtable) {
    backend.embeddingBackward(lists.rows(), lists.segments(), lists.order(), coef, src, dtable);
  }

  /** From the gradient of the block's output to that of the middle, both in {@code dy}. */
  private void feedForward(
      SasRec model,
      SasRecParameters.Block weights,
      SasRecParameters.Block gradient,
      int l,
      DropoutSites dropout) {
    SasRecActivations.Block block = model.activations().blocks()[l];
    Tensor dropped = dropout.active() ? now.dropped() : null;
    backend.residualLayerNormBackward(
        now.dy(),
        block.outXhat(),
        block.outRstd(),
        weights.outputNorm().gamma(),
        dropout.feedForward(l),
        now.dy(),
        dropped,
        gradient.outputNorm().gamma(),
        gradient.outputNorm().beta(),
        null);
    Tensor dsecond = dropped == null ? now.dy() : dropped;
    backend.biasReluBackward(dsecond, block.second(), now.upper(), gradient.second().bias());
    backend.gemm(true, false, 1f, now.upper(), block.first(), 0f, gradient.second().weight());
    backend.gemm(false, false, 1f, now.upper(), weights.second().weight(), 0f, now.lower());
    backend.biasReluBackward(now.lower(), block.first(), now.lower(), gradient.first().bias());
    backend.gemm(true, false, 1f, now.lower(), block.middle(), 0f, gradient.first().weight());
    backend.gemm(false, false, 1f, now.lower(), weights.first().weight(), 1f, now.dy());
  }

  /** From the gradient of the middle to that of the block's input, both in {@code dy}. */
  private void attention(
      SasRec model,
      SasRecParameters.Block weights,
      SasRecParameters.Block gradient,
      SasRecPart input,
      int l,
      DropoutSites dropout) {
    SasRecActivations.Block block = model.activations().blocks()[l];
    Tensor dropped = dropout.active() ? now.dropped() : null;
    backend.residualLayerNormBackward(
        now.dy(),
        block.middleXhat(),
        block.middleRstd(),
        weights.attentionNorm().gamma(),
        dropout.attention(l),
        now.dy(),
        dropped,
        gradient.attentionNorm().gamma(),
        gradient.attentionNorm().beta(),
        gradient.dense().bias());
    Tensor ddense = dropped == null ? now.dy() : dropped;
    backend.gemm(true, false, 1f, ddense, block.context(), 0f, gradient.dense().weight());
    backend.gemm(false, false, 1f, ddense, weights.dense().weight(), 0f, now.upper());
    backend.attentionBackward(
        input.offsets(),
        model.byHead(block.query()),
        model.byHead(block.key()),
        model.byHead(block.value()),
        model.byHead(block.context()),
        block.lse(),
        model.byHead(now.upper()),
        model.scale(),
        dropout.probabilities(l),
        input.triangles(),
        model.byHead(now.dq()),
        model.byHead(now.dk()),
        model.byHead(now.dv()));
    Tensor x = model.blockInput(l);
    linear(now.dq(), x, weights.query(), gradient.query());
    linear(now.dk(), x, weights.key(), gradient.key());
    linear(now.dv(), x, weights.value(), gradient.value());
  }

  /** Gradients of a linear layer; that of its input is added to {@code dy}. */
  private void linear(
      Tensor delta, Tensor x, SasRecParameters.Linear weights, SasRecParameters.Linear gradient) {
    backend.biasBackward(delta, gradient.bias());
    backend.gemm(true, false, 1f, delta, x, 0f, gradient.weight());
    backend.gemm(false, false, 1f, delta, weights.weight(), 1f, now.dy());
  }

  private void embedding(
      SasRec model, SasRecParameters weights, DropoutSites dropout, SasRecParameters gradient) {
    if (dropout.active()) {
      backend.dropoutForward(now.dy(), dropout.embedding(), now.dy());
    }
    backend.residualLayerNormBackward(
        now.dy(),
        model.activations().xhat(),
        model.activations().rstd(),
        weights.norm().gamma(),
        Dropout.NONE,
        now.dy(),
        null,
        gradient.norm().gamma(),
        gradient.norm().beta(),
        null);
  }
}
