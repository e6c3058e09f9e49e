// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Tensor;
import dev.coppice.data.PackedBatch;

/**
 * A packed batch on the backend: what the model reads, its targets, and for a backward pass the
 * position lists of the scatter-adds. All index lists go over in one copy.
 */
public final class SasRecInput {
  private final Tensor indices;
  private final Tensor weightBuffer;
  private final int maxSamples;
  private final int maxPositions;
  private final RowGroups itemGroups;
  private final RowGroups positionGroups;

  private Tensor offsets;
  private Tensor triangles;
  private Tensor items;
  private Tensor positions;
  private Tensor positives;
  private Tensor negatives;
  private Tensor weights;
  private Scatter itemScatter;
  private Scatter positionScatter;
  private Scatter positiveScatter;
  private Scatter negativeScatter;

  /** Arguments of a scatter-add: rows (R), segments (R+1), order (T). */
  record Scatter(Tensor rows, Tensor segments, Tensor order) {}

  private SasRecInput(
      Allocator allocator, SasRecConfig config, int samples, int positions, boolean scatters) {
    maxSamples = samples;
    maxPositions = positions;
    int lists = 2 * samples + 1 + 4 * positions;
    indices = allocator.i32(Math.addExact(lists, scatters ? 4 * RowGroups.capacity(positions) : 0));
    weightBuffer = allocator.f32(positions);
    itemGroups = scatters ? new RowGroups(config.items() + 1) : null;
    positionGroups = scatters ? new RowGroups(config.maxLen()) : null;
  }

  /** Room for batches that are differentiated with respect to every parameter. */
  static SasRecInput forTraining(
      Allocator allocator, SasRecConfig config, int samples, int positions) {
    return new SasRecInput(allocator, config, samples, positions, true);
  }

  /** Room for batches of at most {@code samples} samples and {@code positions} positions. */
  public static SasRecInput forScoring(
      Allocator allocator, SasRecConfig config, int samples, int positions) {
    return new SasRecInput(allocator, config, samples, positions, false);
  }

  /**
   * Copies a batch over.
   *
   * @throws IllegalArgumentException if it does not fit
   */
  public void load(PackedBatch batch) {
    int b = batch.sampleCount();
    int t = batch.positionCount();
    requireRoom(b, t);
    int[] values = new int[lists(b, t) + (itemGroups == null ? 0 : 4 * RowGroups.capacity(t))];
    int at = fillInputs(values, batch.offsets(), batch.items(), batch.positions(), 0, b);
    System.arraycopy(batch.positives(), 0, values, at, t);
    System.arraycopy(batch.negatives(), 0, values, at + t, t);
    positives = indices.slice(at, t);
    negatives = indices.slice(at + t, t);
    at += 2 * t;
    if (itemGroups != null) {
      itemScatter = scatter(itemGroups, batch.items(), values, at);
      at += 2 * itemScatter.rows().dim(0) + 1 + t;
      positionScatter = scatter(positionGroups, batch.positions(), values, at);
      at += 2 * positionScatter.rows().dim(0) + 1 + t;
      positiveScatter = scatter(itemGroups, batch.positives(), values, at);
      at += 2 * positiveScatter.rows().dim(0) + 1 + t;
      negativeScatter = scatter(itemGroups, batch.negatives(), values, at);
    }
    indices.slice(0, values.length).write(values);
    weights = weightBuffer.slice(0, t);
    weights.write(batch.weights());
  }

  /**
   * Copies the inputs of some sequences over, without targets.
   *
   * @param allOffsets where each sequence lies in {@code allItems} and {@code allPositions}
   * @param from first sequence
   * @param count number of sequences
   */
  void loadInputs(int[] allOffsets, int[] allItems, int[] allPositions, int from, int count) {
    int t = allOffsets[from + count] - allOffsets[from];
    requireRoom(count, t);
    int[] values = new int[lists(count, t)];
    fillInputs(values, allOffsets, allItems, allPositions, from, count);
    indices.slice(0, values.length).write(values);
    positives = null;
    negatives = null;
    weights = null;
  }

  private void requireRoom(int samples, int positions) {
    if (samples > maxSamples || positions > maxPositions) {
      throw new IllegalArgumentException(
          "a batch of %d samples and %d positions exceeds the room for %d and %d"
              .formatted(samples, positions, maxSamples, maxPositions));
    }
  }

  private static int lists(int samples, int positions) {
    return 2 * samples + 1 + 4 * positions;
  }

  /** Offsets, triangles, items and positions; returns where the next list starts. */
  private int fillInputs(
      int[] values, int[] allOffsets, int[] allItems, int[] allPositions, int from, int count) {
    int first = allOffsets[from];
    int t = allOffsets[from + count] - first;
    int triangle = 0;
    for (int b = 0; b < count; b++) {
      int length = allOffsets[from + b + 1] - allOffsets[from + b];
      values[b] = allOffsets[from + b] - first;
      values[count + 1 + b] = triangle;
      triangle = Math.addExact(triangle, Math.multiplyExact(length, length + 1) / 2);
    }
    values[count] = t;
    int at = 2 * count + 1;
    System.arraycopy(allItems, first, values, at, t);
    System.arraycopy(allPositions, first, values, at + t, t);
    offsets = indices.slice(0, count + 1);
    triangles = indices.slice(count + 1, count);
    items = indices.slice(at, t);
    positions = indices.slice(at + t, t);
    return at + 2 * t;
  }

  private Scatter scatter(RowGroups groups, int[] ids, int[] values, int at) {
    return scatter(indices, groups, ids, values, at);
  }

  /** Appends the lists of {@code ids} to {@code values}; views of {@code indices} at the place. */
  static Scatter scatter(Tensor indices, RowGroups groups, int[] ids, int[] values, int at) {
    int rows = groups.append(ids, values, at);
    return new Scatter(
        indices.slice(at, rows),
        indices.slice(at + rows, rows + 1),
        indices.slice(at + 2L * rows + 1, ids.length));
  }

  /** T of the batch last loaded. */
  public int positionCount() {
    return items.dim(0);
  }

  /** Where each sample lies, (B+1). */
  public Tensor offsets() {
    return offsets;
  }

  /** Elements of the attention matrices of earlier samples, (B). */
  Tensor triangles() {
    return triangles;
  }

  /** Input items, (T). */
  Tensor items() {
    return items;
  }

  /** Rows of the position table, (T). */
  Tensor positions() {
    return positions;
  }

  /** Next items, (T). */
  public Tensor positives() {
    return positives;
  }

  /** Sampled items, (T). */
  public Tensor negatives() {
    return negatives;
  }

  /** Weight of each position's loss, (T). */
  public Tensor weights() {
    return weights;
  }

  Scatter itemScatter() {
    return itemScatter;
  }

  Scatter positionScatter() {
    return positionScatter;
  }

  Scatter positiveScatter() {
    return positiveScatter;
  }

  Scatter negativeScatter() {
    return negativeScatter;
  }
}
