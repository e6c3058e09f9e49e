// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Tensor;
import java.util.List;

/**
 * A linear layer where it is used: the gradient of its weight is {@code delta^T input}, of its bias
 * the sum of delta over positions.
 *
 * @param layer its weight and bias, or whatever belongs to them
 * @param input (T,I)
 * @param delta gradient at its output, (T,O)
 */
record LinearSite(SasRecParameters.Linear layer, Tensor input, Tensor delta) {

  /**
   * The six of a block, as they are computed.
   *
   * @param x the block's input; null where it is 0, as a tangent may be
   */
  static List<LinearSite> of(
      SasRecParameters.Block layers, Tensor x, SasRecActivations.Block at, SasRecDeltas.Block d) {
    return List.of(
        new LinearSite(layers.query(), x, d.query()),
        new LinearSite(layers.key(), x, d.key()),
        new LinearSite(layers.value(), x, d.value()),
        new LinearSite(layers.dense(), at.context(), d.dense()),
        new LinearSite(layers.first(), at.middle(), d.first()),
        new LinearSite(layers.second(), at.first(), d.second()));
  }
}
