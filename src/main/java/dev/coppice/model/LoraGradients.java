// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Tensor;

/** Receives, during a backward pass, what the weight gradients of a linear layer are made of. */
@FunctionalInterface
public interface LoraGradients {
  /**
   * Called once for every linear layer that the pass reaches. The tensors are valid during the call
   * only.
   *
   * @param offsets first row of each sample, (B+1)
   * @param x input of the layer, (T,I)
   * @param dy gradient of each sample's loss at the layer's output, (T,O)
   */
  void accept(LoraLinear linear, Tensor offsets, Tensor x, Tensor dy);
}
