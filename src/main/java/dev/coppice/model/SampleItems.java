// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Tensor;
import dev.coppice.data.PackedBatch;
import dev.coppice.model.SasRecInput.Scatter;
import java.util.Arrays;

/**
 * The rows of the item table that each sample of a batch uses: one group for each pair of a sample
 * and an item, whether the item is an input, a positive or a negative, the groups of a sample one
 * after the other. What a sample adds to a row of the table is what its group adds up to.
 */
final class SampleItems {
  private final Tensor indices;
  private final RowGroups counters;
  private final int[] groupOf; // of each item, within the sample at hand
  private final int[] seenBy; // sample that groupOf belongs to

  private Tensor offsets;
  private Scatter inputs;
  private Scatter positives;
  private Scatter negatives;
  private int count;

  /** Room for batches of at most {@code positions} positions. */
  SampleItems(Allocator allocator, SasRecConfig config, int positions) {
    indices = allocator.i32(Math.addExact(positions + 1, 3 * RowGroups.capacity(positions)));
    counters = new RowGroups(3 * positions);
    groupOf = new int[config.items() + 1];
    seenBy = new int[config.items() + 1];
  }

  /** Groups a batch and copies the lists over. */
  void load(PackedBatch batch) {
    int t = batch.positionCount();
    int b = batch.sampleCount();
    int[] values = new int[b + 1 + 3 * RowGroups.capacity(t)];
    int[][] uses = {batch.items(), batch.positives(), batch.negatives()};
    int[][] groups = new int[uses.length][t];
    Arrays.fill(seenBy, -1);
    count = 0;
    for (int s = 0; s < b; s++) {
      for (int use = 0; use < uses.length; use++) {
        for (int i = batch.offsets()[s]; i < batch.offsets()[s + 1]; i++) {
          groups[use][i] = group(uses[use][i], s);
        }
      }
      values[s + 1] = count;
    }
    offsets = indices.slice(0, b + 1);
    int at = b + 1;
    inputs = scatter(groups[0], values, at);
    at += 2 * inputs.rows().dim(0) + 1 + t;
    positives = scatter(groups[1], values, at);
    at += 2 * positives.rows().dim(0) + 1 + t;
    negatives = scatter(groups[2], values, at);
    indices.slice(0, values.length).write(values);
  }

  private int group(int item, int sample) {
    if (seenBy[item] != sample) {
      seenBy[item] = sample;
      groupOf[item] = count++;
    }
    return groupOf[item];
  }

  private Scatter scatter(int[] groups, int[] values, int at) {
    return SasRecInput.scatter(indices, counters, groups, values, at);
  }

  /** First group of each sample, and the number of groups, (B+1). */
  Tensor offsets() {
    return offsets;
  }

  /** Number of groups, G. */
  int count() {
    return count;
  }

  /** From positions to the groups of their input items. */
  Scatter inputs() {
    return inputs;
  }

  /** From positions to the groups of their positive items. */
  Scatter positives() {
    return positives;
  }

  /** From positions to the groups of their negative items. */
  Scatter negatives() {
    return negatives;
  }
}
