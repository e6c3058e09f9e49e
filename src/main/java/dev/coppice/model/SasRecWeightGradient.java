// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;
import dev.coppice.model.SasRecInput.Scatter;

/**
 * Gradients of linear layers and tables from the gradients at the layers: {@code delta^T x} for a
 * weight, and where both move, {@code deltaDot^T x + delta^T xDot}. The item table is used three
 * times, as input and for either logit; its rows add up over the uses.
 */
final class SasRecWeightGradient {
  private final Backend backend;
  private final ParameterSpan span;

  SasRecWeightGradient(Backend backend, ParameterSpan span) {
    this.backend = backend;
    this.span = span;
  }

  /**
   * Forms all of the span but those of layer norms, which {@link SasRecBackward} forms.
   *
   * @param deltas after the backward pass, or their tangents
   * @param motion null: activations are held
   * @param gradient overwritten
   */
  void form(
      SasRec model,
      SasRecInput input,
      SasRecDeltas deltas,
      SasRecBackward.Motion motion,
      SasRecParameters gradient) {
    for (int l = span.firstBlock(); l < span.config().layers(); l++) {
      SasRecActivations.Block at = model.activations().blocks()[l];
      SasRecParameters.Block layers = gradient.layers(l);
      for (LinearSite s : LinearSite.of(layers, model.blockInput(l), at, deltas.blocks()[l])) {
        backend.gemm(true, false, 1f, s.delta(), s.input(), 0f, s.layer().weight());
        backend.biasBackward(s.delta(), s.layer().bias());
      }
      if (motion != null) {
        addMoved(motion, layers, l);
      }
    }
    if (span.tables()) {
      tables(model.hidden(), input, deltas, motion, gradient);
    }
  }

  private void addMoved(SasRecBackward.Motion motion, SasRecParameters.Block layers, int l) {
    SasRecActivations.Block dot = motion.dots().activations().blocks()[l];
    SasRecDeltas.Block held = motion.deltas().blocks()[l];
    for (LinearSite s : LinearSite.of(layers, motion.dots().input(l), dot, held)) {
      if (s.input() != null) {
        backend.gemm(true, false, 1f, s.delta(), s.input(), 1f, s.layer().weight());
      }
    }
  }

  private void tables(
      Tensor hidden,
      SasRecInput input,
      SasRecDeltas deltas,
      SasRecBackward.Motion motion,
      SasRecParameters gradient) {
    backend.fill(gradient.items(), 0f);
    backend.fill(gradient.positions(), 0f);
    logits(input, deltas, hidden, gradient);
    if (motion != null) {
      logits(input, motion.deltas(), motion.dots().hidden(), gradient);
    }
    scatter(input.itemScatter(), null, deltas.sum(), gradient.items());
    scatter(input.positionScatter(), null, deltas.sum(), gradient.positions());
  }

  private void logits(
      SasRecInput input, SasRecDeltas deltas, Tensor hidden, SasRecParameters gradient) {
    scatter(input.positiveScatter(), deltas.dpos(), hidden, gradient.items());
    scatter(input.negativeScatter(), deltas.dneg(), hidden, gradient.items());
  }

  private void scatter(Scatter lists, Tensor coef, Tensor src, Tensor table) {
    backend.embeddingBackward(lists.rows(), lists.segments(), lists.order(), coef, src, table);
  }
}
