// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.data.TokenSample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Samples packed end to end and cut into chunks of whole samples: plain arrays. Rows, samples and
 * targets are counted over the macro-batch, the offsets of each chunk from its own first row or
 * target.
 */
final class MacroBatch {

  /**
   * Consecutive samples of a macro-batch.
   *
   * @param firstOffset where its offsets begin; there is one more than samples
   */
  record Chunk(
      int firstSample,
      int samples,
      int firstRow,
      int rows,
      int firstTarget,
      int targets,
      int firstOffset) {}

  final List<Chunk> chunks = new ArrayList<>();
  final int[] ids;
  final int[] positions;
  final int[] offsets;
  final int[] targetRows;
  final int[] targetOffsets;
  final int[] targets;
  final double[] weights;

  /**
   * Packs samples.
   *
   * @param chunkRows most rows of a chunk, at least as many as the longest sample has
   */
  MacroBatch(List<TokenSample> samples, int chunkRows) {
    int rows = samples.stream().mapToInt(TokenSample::length).sum();
    int scored = samples.stream().mapToInt(TokenSample::targets).sum();
    ids = new int[rows];
    positions = new int[rows];
    targetRows = new int[scored];
    targets = new int[scored];
    weights = new double[scored];
    int[] rowEnds = new int[2 * samples.size()];
    int[] targetEnds = new int[2 * samples.size()];
    int sample = 0;
    int row = 0;
    int target = 0;
    int offset = 0;
    while (sample < samples.size()) {
      int firstSample = sample;
      int firstRow = row;
      int firstTarget = target;
      int firstOffset = offset++;
      while (sample < samples.size()
          && row - firstRow + samples.get(sample).length() <= chunkRows) {
        target = pack(samples.get(sample), row, firstRow, target);
        row += samples.get(sample++).length();
        rowEnds[offset] = row - firstRow;
        targetEnds[offset++] = target - firstTarget;
      }
      if (sample == firstSample) {
        throw new IllegalArgumentException(
            "a sample has more than " + chunkRows + " positions of a chunk");
      }
      chunks.add(
          new Chunk(
              firstSample,
              sample - firstSample,
              firstRow,
              row - firstRow,
              firstTarget,
              target - firstTarget,
              firstOffset));
    }
    offsets = Arrays.copyOf(rowEnds, offset);
    targetOffsets = Arrays.copyOf(targetEnds, offset);
  }

  /** Writes one sample from {@code row} on; returns the next free target. */
  private int pack(TokenSample sample, int row, int firstRow, int target) {
    double weight = 1.0 / sample.targets();
    int[] tokens = sample.inputIds();
    for (int t = 0; t < tokens.length; t++) {
      ids[row + t] = tokens[t];
      positions[row + t] = t;
      if (t + 1 < tokens.length && sample.scored()[t + 1]) {
        targetRows[target] = row - firstRow + t;
        targets[target] = tokens[t + 1];
        weights[target++] = weight;
      }
    }
    return target;
  }
}
