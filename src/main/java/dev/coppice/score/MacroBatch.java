// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.data.SharedPrefix;
import dev.coppice.data.TokenSample;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.ToIntFunction;

/**
 * Samples packed end to end and cut into chunks of whole samples: plain arrays. Rows, samples and
 * targets are counted over the macro-batch, the offsets of each chunk from its own first row or
 * target. A shared prefix is a chunk of its own before the others, whose samples are without it.
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

  /** The chunk of the shared prefix, if there is one, and then those of the samples. */
  final List<Chunk> chunks = new ArrayList<>();

  final int[] ids;
  final int[] positions;
  final int[] offsets;
  final int[] targetRows;
  final int[] targetOffsets;
  final int[] targets;
  final double[] weights;

  private final ToIntFunction<TokenSample> firstPosition;
  private final int skip;
  private int row;
  private int target;
  private int offset;
  private int chunkRow;

  /**
   * Packs samples.
   *
   * @param prefix that each of them begins with
   * @param cuts number of samples of each chunk
   * @param firstPosition from which a sample's positions are counted; the prefix's from 0
   */
  MacroBatch(
      List<TokenSample> samples,
      SharedPrefix prefix,
      List<Integer> cuts,
      ToIntFunction<TokenSample> firstPosition) {
    this.firstPosition = firstPosition;
    skip = prefix.length();
    int rows = skip;
    int scored = targets(prefix.scored(), 1);
    for (TokenSample sample : samples) {
      rows += sample.length() - skip;
      scored += targets(sample.scored(), skip + 1);
    }
    ids = new int[rows];
    positions = new int[rows];
    targetRows = new int[scored];
    targets = new int[scored];
    weights = new double[scored];
    int ends = samples.size() + cuts.size() + (skip > 0 ? 2 : 0);
    offsets = new int[ends];
    targetOffsets = new int[ends];
    if (skip > 0) {
      pack(0, 1, part -> pack(prefix.ids(), prefix.scored(), 0, skip, 0, 1));
    }
    int next = 0;
    for (int count : cuts) {
      int first = next;
      pack(first, count, part -> pack(samples.get(first + part)));
      next += count;
    }
  }

  /**
   * How many consecutive samples make each chunk.
   *
   * @param lengths tokens of each sample
   * @param skip shared positions
   * @param ownRows most rows of a chunk without the shared ones
   * @param wholeRows most rows of a chunk's whole samples
   * @throws IllegalArgumentException if one sample is more than a chunk
   */
  static List<Integer> cuts(int[] lengths, int skip, int ownRows, int wholeRows) {
    List<Integer> cuts = new ArrayList<>();
    int count = 0;
    int own = 0;
    int whole = 0;
    for (int length : lengths) {
      if (length - skip > ownRows || length > wholeRows) {
        throw new IllegalArgumentException(
            "a sample has more than " + Math.min(ownRows, wholeRows) + " positions of a chunk");
      }
      if (own + length - skip > ownRows || whole + length > wholeRows) {
        cuts.add(count);
        count = 0;
        own = 0;
        whole = 0;
      }
      count++;
      own += length - skip;
      whole += length;
    }
    if (count > 0) {
      cuts.add(count);
    }
    return Collections.unmodifiableList(cuts);
  }

  /** The same of samples. */
  static List<Integer> cuts(List<TokenSample> samples, int skip, int ownRows, int wholeRows) {
    int[] lengths = samples.stream().mapToInt(TokenSample::length).toArray();
    return cuts(lengths, skip, ownRows, wholeRows);
  }

  private static int targets(boolean[] scored, int from) {
    int count = 0;
    for (int t = from; t < scored.length; t++) {
      count += scored[t] ? 1 : 0;
    }
    return count;
  }

  private interface Parts {
    void pack(int part);
  }

  private void pack(int firstSample, int count, Parts parts) {
    int firstRow = row;
    chunkRow = row;
    int firstTarget = target;
    int firstOffset = offset++;
    for (int part = 0; part < count; part++) {
      parts.pack(part);
      offsets[offset] = row - firstRow;
      targetOffsets[offset++] = target - firstTarget;
    }
    chunks.add(
        new Chunk(
            firstSample,
            count,
            firstRow,
            row - firstRow,
            firstTarget,
            target - firstTarget,
            firstOffset));
  }

  private void pack(TokenSample sample) {
    double weight = 1.0 / sample.targets();
    int origin = firstPosition.applyAsInt(sample);
    pack(sample.inputIds(), sample.scored(), skip, sample.length(), origin, weight);
  }

  /** Writes positions {@code from .. to-1} of a text from {@code row} on. */
  private void pack(int[] tokens, boolean[] scored, int from, int to, int origin, double weight) {
    for (int t = from; t < to; t++, row++) {
      ids[row] = tokens[t];
      positions[row] = origin + t;
      if (t + 1 < tokens.length && scored[t + 1]) {
        targetRows[target] = row - chunkRow;
        targets[target] = tokens[t + 1];
        weights[target++] = weight;
      }
    }
  }
}
