// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Tensor;

/**
 * What the model reads of a packed batch or of some neighbouring samples of it: views.
 *
 * @param first position of the batch at which it starts
 * @param offsets where each sample lies, counted from {@code first}, (B+1)
 * @param triangles elements of the attention matrices of earlier samples of the batch, (B)
 * @param items input items, (T)
 * @param positions rows of the position table, (T)
 * @param positives next items, (T); null without targets
 * @param negatives sampled items, (T); null without targets
 * @param weights of each position's loss, (T); null without targets
 */
record SasRecPart(
    int first,
    Tensor offsets,
    Tensor triangles,
    Tensor items,
    Tensor positions,
    Tensor positives,
    Tensor negatives,
    Tensor weights) {

  /** T. */
  int positionCount() {
    return items.dim(0);
  }

  /**
   * Some of the samples.
   *
   * @param offsets of theirs, counted from the first of them, (B'+1)
   * @param sample number of the first
   * @param from position of the first
   * @param count number of positions
   */
  SasRecPart part(Tensor offsets, int sample, int from, int count) {
    return new SasRecPart(
        first + from,
        offsets,
        triangles.rows(sample, offsets.dim(0) - 1),
        items.rows(from, count),
        positions.rows(from, count),
        positives.rows(from, count),
        negatives.rows(from, count),
        weights.rows(from, count));
  }
}
