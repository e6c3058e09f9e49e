// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;

/**
 * The forward tangent of SASRec: the directional derivative of every activation along a direction
 * of the parameters, without dropout. A linear layer gives {@code yDot = xDot W^T + x WDot^T +
 * bDot}; everything else is the tangent of its operation.
 *
 * @see <a href="https://doi.org/10.1162/neco.1994.6.1.147">Pearlmutter 1994</a>
 */
final class SasRecTangent {
  private final Backend backend;
  private final ParameterSpan span;
  private final SasRecActivations buffers;
  private SasRecActivations now;
  private SasRec model;
  private SasRecParameters weights;
  private SasRecParameters direction;

  /** Lays out one tangent for each activation. */
  SasRecTangent(Backend backend, ParameterSpan span, Allocator allocator, int capacity) {
    this.backend = backend;
    this.span = span;
    buffers = SasRecActivations.of(allocator, span.config(), capacity);
  }

  /**
   * Carries a direction through the model, after its forward pass over the same input.
   *
   * @param direction of the parameters; tensors outside the span are not read
   */
  void forward(
      SasRec model, SasRecParameters weights, SasRecParameters direction, SasRecInput input) {
    this.model = model;
    this.weights = weights;
    this.direction = direction;
    now = buffers.rows(input.positionCount());
    if (span.tables()) {
      embed(input);
    }
    for (int l = span.firstBlock(); l < span.config().layers(); l++) {
      attend(input, l);
      finishBlock(l);
    }
  }

  private void embed(SasRecInput input) {
    backend.embeddingForward(input.items(), direction.items(), false, now.sum());
    backend.embeddingForward(input.positions(), direction.positions(), true, now.sum());
    SasRecActivations at = model.activations();
    norm(
        now.sum(),
        at.xhat(),
        at.rstd(),
        weights.norm(),
        direction.norm(),
        now.embedding(),
        now.xhat(),
        now.rstd());
  }

  private void attend(SasRecInput input, int l) {
    SasRecActivations.Block at = model.activations().blocks()[l];
    SasRecActivations.Block dot = now.blocks()[l];
    SasRecParameters.Block w = weights.layers(l);
    SasRecParameters.Block v = direction.layers(l);
    Tensor x = model.blockInput(l);
    Tensor xDot = input(l);
    linear(x, xDot, w.query(), v.query(), dot.query());
    linear(x, xDot, w.key(), v.key(), dot.key());
    linear(x, xDot, w.value(), v.value(), dot.value());
    backend.attentionForwardJvp(
        input.offsets(),
        model.byHead(at.query()),
        model.byHead(at.key()),
        model.byHead(at.value()),
        model.byHead(dot.query()),
        model.byHead(dot.key()),
        model.byHead(dot.value()),
        model.byHead(at.context()),
        at.lse(),
        model.scale(),
        model.byHead(dot.context()),
        dot.lse());
  }

  private void finishBlock(int l) {
    SasRecActivations.Block at = model.activations().blocks()[l];
    SasRecActivations.Block dot = now.blocks()[l];
    SasRecParameters.Block w = weights.layers(l);
    SasRecParameters.Block v = direction.layers(l);
    linear(at.context(), dot.context(), w.dense(), v.dense(), now.sum());
    if (input(l) != null) {
      backend.axpy(1f, input(l), now.sum());
    }
    norm(
        now.sum(),
        at.middleXhat(),
        at.middleRstd(),
        w.attentionNorm(),
        v.attentionNorm(),
        dot.middle(),
        dot.middleXhat(),
        dot.middleRstd());
    product(at.middle(), dot.middle(), w.first(), v.first(), dot.first());
    backend.biasReluForwardJvp(dot.first(), v.first().bias(), at.first(), dot.first());
    product(at.first(), dot.first(), w.second(), v.second(), dot.second());
    backend.biasReluForwardJvp(dot.second(), v.second().bias(), at.second(), dot.second());
    now.sum().copyFrom(dot.second());
    backend.axpy(1f, dot.middle(), now.sum());
    norm(
        now.sum(),
        at.outXhat(),
        at.outRstd(),
        w.outputNorm(),
        v.outputNorm(),
        dot.out(),
        dot.outXhat(),
        dot.outRstd());
  }

  /** {@code y = xDot W^T + x WDot^T}; xDot null for 0. */
  private void product(
      Tensor x,
      Tensor xDot,
      SasRecParameters.Linear layer,
      SasRecParameters.Linear layerDot,
      Tensor yDot) {
    if (xDot != null) {
      backend.gemm(false, true, 1f, xDot, layer.weight(), 0f, yDot);
    }
    backend.gemm(false, true, 1f, x, layerDot.weight(), xDot == null ? 0f : 1f, yDot);
  }

  private void linear(
      Tensor x,
      Tensor xDot,
      SasRecParameters.Linear layer,
      SasRecParameters.Linear layerDot,
      Tensor yDot) {
    product(x, xDot, layer, layerDot, yDot);
    backend.biasForward(layerDot.bias(), yDot);
  }

  private void norm(
      Tensor sDot,
      Tensor xhat,
      Tensor rstd,
      SasRecParameters.Norm norm,
      SasRecParameters.Norm normDot,
      Tensor yDot,
      Tensor xhatDot,
      Tensor rstdDot) {
    backend.residualLayerNormForwardJvp(
        sDot, xhat, rstd, norm.gamma(), normDot.gamma(), normDot.beta(), yDot, xhatDot, rstdDot);
  }

  /** Tangent of a block's input, or null where it is constant. */
  Tensor input(int l) {
    if (l == span.firstBlock() && !span.tables()) {
      return null;
    }
    return l == 0 ? now.embedding() : now.blocks()[l - 1].out();
  }

  /** Tangent of the hidden state, (T,D). */
  Tensor hidden() {
    return now.blocks()[span.config().layers() - 1].out();
  }

  /** All tangents. */
  SasRecActivations activations() {
    return now;
  }
}
