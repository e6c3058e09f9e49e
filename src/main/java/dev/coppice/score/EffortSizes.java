// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

/**
 * How much an effort pass works on at a time. Own positions are those after the shared prefix,
 * whole ones those of samples with it; without a prefix they are the same.
 *
 * @param positions most positions of a macro-batch: the shared ones and the samples' own
 * @param wholePositions most positions of its whole samples
 * @param samples most samples of a macro-batch
 * @param ownRows most own positions of a chunk
 * @param wholeRows most whole positions of a chunk
 * @param shared positions that all samples share
 * @param wholeBackward whether the backward pass is one of whole samples, since the gradient
 *     reaches more than the values of the last layer
 */
record EffortSizes(
    int positions,
    int wholePositions,
    int samples,
    int ownRows,
    int wholeRows,
    int shared,
    boolean wholeBackward) {

  /** Most positions that go through a layer's linear layers at a time. */
  int rows() {
    return wholeBackward ? wholeRows : ownRows;
  }

  /** What Java keeps of a macro-batch: tokens, and its arrays of indices (see MacroBatch). */
  long javaBytes() {
    long tokens = Integer.BYTES + 1;
    long indices = 4 * Integer.BYTES + Double.BYTES;
    long whole = shared > 0 ? tokens + indices : tokens;
    return indices * positions + whole * wholePositions;
  }

  /** The larger of each size. */
  EffortSizes largest(EffortSizes other) {
    return new EffortSizes(
        Math.max(positions, other.positions),
        Math.max(wholePositions, other.wholePositions),
        Math.max(samples, other.samples),
        Math.max(ownRows, other.ownRows),
        Math.max(wholeRows, other.wholeRows),
        shared,
        wholeBackward);
  }
}
