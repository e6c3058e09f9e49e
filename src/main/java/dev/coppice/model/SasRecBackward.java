// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Backend;
import dev.coppice.backend.Dropout;
import dev.coppice.backend.Tensor;

/**
 * The backward pass of SASRec without dropout that keeps the gradient at every layer, and its
 * tangent. Where training needs sums over a batch, per-sample norms and Hessian products need these
 * gradients themselves.
 *
 * <p>The pass is linear in the gradient it starts from. Its tangent along a direction of the
 * parameters is the same pass on the tangents plus the terms in which a coefficient moves: {@code
 * dxDot = dyDot W + dy WDot} for a linear layer, and the tangents of the operations.
 *
 * @see <a href="https://doi.org/10.1162/neco.1994.6.1.147">Pearlmutter 1994</a>
 */
final class SasRecBackward {
  private final Backend backend;
  private final ParameterSpan span;
  private SasRec model;
  private SasRecParameters weights;
  private SasRecInput input;
  private SasRecDeltas deltas;
  private SasRecParameters norms;
  private Motion motion;

  /**
   * How the coefficients of a backward pass move.
   *
   * @param deltas of the pass itself
   * @param dots tangents of the activations
   * @param direction of the parameters
   */
  record Motion(SasRecDeltas deltas, SasRecTangent dots, SasRecParameters direction) {}

  SasRecBackward(Backend backend, ParameterSpan span) {
    this.backend = backend;
    this.span = span;
  }

  /**
   * Runs from {@code deltas.hidden()} down to the first parameters, after the model's forward pass.
   *
   * @param deltas its gradient at the hidden state is read, all others are written, as far as the
   *     span reaches
   * @param norms receives the gradients of the layer norms, or null
   * @param motion null: coefficients are held
   */
  void run(
      SasRec model,
      SasRecParameters weights,
      SasRecInput input,
      SasRecDeltas deltas,
      SasRecParameters norms,
      Motion motion) {
    this.model = model;
    this.weights = weights;
    this.input = input;
    this.deltas = deltas;
    this.norms = norms;
    this.motion = motion;
    for (int l = span.config().layers() - 1; l >= span.firstBlock(); l--) {
      feedForward(l);
      attention(l);
      if (l > span.firstBlock() || span.tables()) {
        blockInput(l);
      }
    }
    if (span.tables()) {
      embedding();
    }
  }

  private void feedForward(int l) {
    SasRecActivations.Block at = model.activations().blocks()[l];
    SasRecActivations.Block dot = motion == null ? null : motion.dots().activations().blocks()[l];
    SasRecParameters.Block w = weights.layers(l);
    SasRecParameters.Block v = motion == null ? null : motion.direction().layers(l);
    SasRecDeltas.Block d = deltas.blocks()[l];
    SasRecDeltas.Block held = motion == null ? null : motion.deltas().blocks()[l];
    norm(
        d.out(),
        at.outXhat(),
        at.outRstd(),
        w.outputNorm(),
        d.middle(),
        norms == null ? null : norms.layers(l).outputNorm(),
        motion == null
            ? null
            : new NormMotion(held.out(), dot.outXhat(), dot.outRstd(), v.outputNorm()));
    backend.biasReluBackward(d.middle(), at.second(), d.second(), null);
    linear(d.second(), w.second(), 0f, d.first());
    if (motion != null) {
      linear(held.second(), v.second(), 1f, d.first());
    }
    backend.biasReluBackward(d.first(), at.first(), d.first(), null);
    linear(d.first(), w.first(), 1f, d.middle());
    if (motion != null) {
      linear(held.first(), v.first(), 1f, d.middle());
    }
    norm(
        d.middle(),
        at.middleXhat(),
        at.middleRstd(),
        w.attentionNorm(),
        d.dense(),
        norms == null ? null : norms.layers(l).attentionNorm(),
        motion == null
            ? null
            : new NormMotion(held.middle(), dot.middleXhat(), dot.middleRstd(), v.attentionNorm()));
  }

  private void attention(int l) {
    SasRecActivations.Block at = model.activations().blocks()[l];
    SasRecDeltas.Block d = deltas.blocks()[l];
    linear(d.dense(), weights.layers(l).dense(), 0f, d.context());
    if (motion != null) {
      linear(
          motion.deltas().blocks()[l].dense(),
          motion.direction().layers(l).dense(),
          1f,
          d.context());
      movedAttention(at, motion.dots().activations().blocks()[l], motion.deltas().blocks()[l], d);
      return;
    }
    backend.attentionBackward(
        input.offsets(),
        model.byHead(at.query()),
        model.byHead(at.key()),
        model.byHead(at.value()),
        model.byHead(at.context()),
        at.lse(),
        model.byHead(d.context()),
        model.scale(),
        Dropout.NONE,
        null,
        model.byHead(d.query()),
        model.byHead(d.key()),
        model.byHead(d.value()));
  }

  private void movedAttention(
      SasRecActivations.Block at,
      SasRecActivations.Block dot,
      SasRecDeltas.Block held,
      SasRecDeltas.Block d) {
    backend.attentionBackwardJvp(
        input.offsets(),
        model.byHead(at.query()),
        model.byHead(at.key()),
        model.byHead(at.value()),
        model.byHead(dot.query()),
        model.byHead(dot.key()),
        model.byHead(dot.value()),
        model.byHead(at.context()),
        model.byHead(dot.context()),
        at.lse(),
        dot.lse(),
        model.byHead(held.context()),
        model.byHead(d.context()),
        model.scale(),
        model.byHead(d.query()),
        model.byHead(d.key()),
        model.byHead(d.value()));
  }

  /** Gradient of the block's input: what is added to it, and its three linear layers. */
  private void blockInput(int l) {
    Tensor dx = l == 0 ? deltas.embedding() : deltas.blocks()[l - 1].out();
    SasRecDeltas.Block d = deltas.blocks()[l];
    dx.copyFrom(d.dense());
    projections(d, weights.layers(l), dx);
    if (motion != null) {
      projections(motion.deltas().blocks()[l], motion.direction().layers(l), dx);
    }
  }

  private void projections(SasRecDeltas.Block d, SasRecParameters.Block layers, Tensor dx) {
    linear(d.query(), layers.query(), 1f, dx);
    linear(d.key(), layers.key(), 1f, dx);
    linear(d.value(), layers.value(), 1f, dx);
  }

  private void linear(Tensor delta, SasRecParameters.Linear layer, float beta, Tensor dx) {
    backend.gemm(false, false, 1f, delta, layer.weight(), beta, dx);
  }

  private void embedding() {
    SasRecActivations at = model.activations();
    norm(
        deltas.embedding(),
        at.xhat(),
        at.rstd(),
        weights.norm(),
        deltas.sum(),
        norms == null ? null : norms.norm(),
        motion == null
            ? null
            : new NormMotion(
                motion.deltas().embedding(),
                motion.dots().activations().xhat(),
                motion.dots().activations().rstd(),
                motion.direction().norm()));
  }

  /** The same of one layer norm: gradient at its output, tangents, direction. */
  private record NormMotion(
      Tensor dy, Tensor xhatDot, Tensor rstdDot, SasRecParameters.Norm direction) {}

  private void norm(
      Tensor dy,
      Tensor xhat,
      Tensor rstd,
      SasRecParameters.Norm norm,
      Tensor ds,
      SasRecParameters.Norm gradient,
      NormMotion moving) {
    Tensor dgamma = gradient == null ? null : gradient.gamma();
    Tensor dbeta = gradient == null ? null : gradient.beta();
    if (moving == null) {
      backend.residualLayerNormBackward(
          dy, xhat, rstd, norm.gamma(), Dropout.NONE, ds, null, dgamma, dbeta, null);
    } else {
      backend.residualLayerNormBackwardJvp(
          moving.dy(),
          dy,
          xhat,
          moving.xhatDot(),
          rstd,
          moving.rstdDot(),
          norm.gamma(),
          moving.direction().gamma(),
          ds,
          dgamma,
          dbeta);
    }
  }
}
