// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Backend;

/** The passes of a training step over a batch that is not cut into parts. */
final class WholeBatch {
  private WholeBatch() {}

  /** Evaluates a batch and forms its gradient, every element of every tensor. */
  static void gradient(
      Backend backend,
      SasRec model,
      SasRecGradient backward,
      SasRecParameters weights,
      SasRecInput input,
      DropoutSites dropout,
      SasRecParameters gradient) {
    model.forward(weights, input.whole(), dropout);
    backward.layers(model, weights, input.whole(), dropout, gradient);
    backend.fill(gradient.items(), 0f);
    backend.fill(gradient.positions(), 0f);
    backward.tables(model, input, gradient);
  }
}
