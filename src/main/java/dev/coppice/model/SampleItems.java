// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
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
  private final RowGroups tableRows;
  private final int[] seenBy; // sample that groupOf belongs to

  private Tensor offsets;
  private Scatter inputs;
  private Scatter positives;
  private Scatter negatives;
  private Scatter byItem;
  private int count;

  /** Room for batches of at most {@code positions} positions. */
  SampleItems(Allocator allocator, SasRecConfig config, int positions) {
    indices =
        allocator.i32(
            Math.addExact(
                positions + 1,
                3 * RowGroups.capacity(positions) + RowGroups.capacity(3 * positions)));
    counters = new RowGroups(3 * positions);
    tableRows = new RowGroups(config.items() + 1);
    groupOf = new int[config.items() + 1];
    seenBy = new int[config.items() + 1];
  }

  /** Groups a batch and copies the lists over. */
  void load(PackedBatch batch) {
    int t = batch.positionCount();
    int b = batch.sampleCount();
    int[] values = new int[b + 1 + 3 * RowGroups.capacity(t) + RowGroups.capacity(3 * t)];
    int[] itemOf = new int[3 * t];
    int[][] uses = {batch.items(), batch.positives(), batch.negatives()};
    int[][] groups = new int[uses.length][t];
    Arrays.fill(seenBy, -1);
    count = 0;
    for (int s = 0; s < b; s++) {
      for (int use = 0; use < uses.length; use++) {
        for (int i = batch.offsets()[s]; i < batch.offsets()[s + 1]; i++) {
          groups[use][i] = group(uses[use][i], s);
          itemOf[groups[use][i]] = uses[use][i];
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
    at += 2 * negatives.rows().dim(0) + 1 + t;
    byItem = SasRecInput.scatter(indices, tableRows, Arrays.copyOf(itemOf, count), values, at);
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

  /** From groups to the rows of the item table. */
  Scatter byItem() {
    return byItem;
  }

  /**
   * Gradient of each sample in each item that it uses.
   *
   * @param out (G,D)
   */
  void gradient(Backend backend, Tensor hidden, SasRecDeltas deltas, Tensor out) {
    backend.fill(out, 0f);
    add(backend, positives, deltas.dpos(), hidden, out);
    add(backend, negatives, deltas.dneg(), hidden, out);
    add(backend, inputs, null, deltas.sum(), out);
  }

  private static void add(Backend backend, Scatter lists, Tensor coef, Tensor src, Tensor out) {
    backend.embeddingBackward(lists.rows(), lists.segments(), lists.order(), coef, src, out);
  }
}
