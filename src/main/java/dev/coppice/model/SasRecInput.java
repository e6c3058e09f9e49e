// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Tensor;
import dev.coppice.data.PackedBatch;
import java.util.ArrayList;
import java.util.List;

/**
 * A packed batch on the backend: what the model reads, its targets, and for a backward pass the
 * position lists of the scatter-adds. All index lists go over in one copy.
 */
public final class SasRecInput {
  private final Tensor indices;
  private final Tensor weightBuffer;
  private final int maxSamples;
  private final int maxPositions;
  private final int maxParts;
  private final RowGroups itemGroups;
  private final RowGroups positionGroups;

  private SasRecPart whole;
  private List<SasRecPart> parts = List.of();
  private Scatter itemScatter;
  private Scatter positionScatter;
  private Scatter positiveScatter;
  private Scatter negativeScatter;

  /** Arguments of a scatter-add: rows (R), segments (R+1), order (T). */
  record Scatter(Tensor rows, Tensor segments, Tensor order) {}

  private SasRecInput(
      Allocator allocator,
      SasRecConfig config,
      int samples,
      int positions,
      int parts,
      boolean scatters) {
    maxSamples = samples;
    maxPositions = positions;
    maxParts = parts;
    indices = allocator.i32(SasRecLists.capacity(samples, positions, parts, scatters));
    weightBuffer = allocator.f32(positions);
    itemGroups = scatters ? new RowGroups(config.items() + 1) : null;
    positionGroups = scatters ? new RowGroups(config.maxLen()) : null;
  }

  /** Room for batches that are differentiated with respect to every parameter. */
  static SasRecInput forTraining(
      Allocator allocator, SasRecConfig config, int samples, int positions) {
    return forTraining(allocator, config, samples, positions, 1);
  }

  /** The same, cut into {@code parts} at most. */
  static SasRecInput forTraining(
      Allocator allocator, SasRecConfig config, int samples, int positions, int parts) {
    return new SasRecInput(allocator, config, samples, positions, parts, true);
  }

  /** Room for batches of at most {@code samples} samples and {@code positions} positions. */
  public static SasRecInput forScoring(
      Allocator allocator, SasRecConfig config, int samples, int positions) {
    return new SasRecInput(allocator, config, samples, positions, 1, false);
  }

  /**
   * Copies a batch over, in one part.
   *
   * @throws IllegalArgumentException if it does not fit
   */
  public void load(PackedBatch batch) {
    load(lists(batch, 1));
  }

  /**
   * The index lists of a batch; by one thread at a time.
   *
   * @param wanted number of parts of about equal numbers of positions, fewer where there are fewer
   *     samples
   */
  SasRecLists lists(PackedBatch batch, int wanted) {
    int[] cut = SasRecLists.cut(batch.offsets(), wanted);
    return SasRecLists.of(batch, cut, itemGroups, positionGroups);
  }

  /**
   * The index lists of a batch in one part, with room for any batch: where each list lies, and so
   * what is queued about it, depends on {@code positions} alone.
   *
   * @param positions at least the batch's
   */
  SasRecLists listsWithin(PackedBatch batch, int positions) {
    return SasRecLists.within(batch, maxSamples, positions, itemGroups, positionGroups);
  }

  /**
   * Copies a batch over.
   *
   * @param lists as {@link #lists} made them
   * @throws IllegalArgumentException if it does not fit
   */
  void load(SasRecLists lists) {
    PackedBatch batch = lists.batch();
    int b = lists.samples();
    int t = lists.positions();
    requireRoom(b, t, lists.parts().length - 1);
    indices.slice(0, lists.values().length).write(lists.values());
    Tensor weights = weightBuffer.slice(0, t);
    weights.rows(0, batch.positionCount()).write(batch.weights());
    int at = 2 * b + 1;
    whole = inputs(b, t, indices.slice(at + 2 * t, t), indices.slice(at + 3 * t, t), weights);
    at = viewParts(lists, at + 4 * t);
    if (lists.scatterRows().length > 0) {
      Scatter[] scatters = new Scatter[lists.scatterRows().length];
      for (int list = 0; list < scatters.length; list++) {
        int rows = lists.scatterRows()[list];
        scatters[list] = view(indices, at, rows, t);
        at += 2 * rows + 1 + t;
      }
      itemScatter = scatters[0];
      positionScatter = scatters[1];
      positiveScatter = scatters[2];
      negativeScatter = scatters[3];
    }
  }

  private int viewParts(SasRecLists lists, int start) {
    if (lists.parts().length == 2) {
      parts = List.of(whole);
      return start;
    }
    int at = start;
    int[] offsets = lists.batch().offsets();
    List<SasRecPart> views = new ArrayList<>();
    for (int part = 0; part + 1 < lists.parts().length; part++) {
      int sample = lists.parts()[part];
      int samples = lists.parts()[part + 1] - sample;
      int from = offsets[sample];
      Tensor own = indices.slice(at, samples + 1);
      views.add(whole.part(own, sample, from, offsets[sample + samples] - from));
      at += samples + 1;
    }
    parts = views;
    return at;
  }

  /**
   * Copies the inputs of some sequences over, without targets.
   *
   * @param allOffsets where each sequence lies in {@code allItems} and {@code allPositions}
   * @param from first sequence
   * @param count number of sequences
   */
  void loadInputs(int[] allOffsets, int[] allItems, int[] allPositions, int from, int count) {
    int first = allOffsets[from];
    int t = allOffsets[from + count] - first;
    requireRoom(count, t, 1);
    int[] values = new int[2 * count + 1 + 2 * t];
    int at = SasRecLists.putOffsets(values, allOffsets, from, count, count);
    System.arraycopy(allItems, first, values, at, t);
    System.arraycopy(allPositions, first, values, at + t, t);
    indices.slice(0, values.length).write(values);
    whole = inputs(count, t, null, null, null);
    parts = List.of();
  }

  private SasRecPart inputs(int b, int t, Tensor positives, Tensor negatives, Tensor weights) {
    int at = 2 * b + 1;
    return new SasRecPart(
        0,
        indices.slice(0, b + 1),
        indices.slice(b + 1, b),
        indices.slice(at, t),
        indices.slice(at + t, t),
        positives,
        negatives,
        weights);
  }

  private void requireRoom(int samples, int positions, int parts) {
    if (samples > maxSamples || positions > maxPositions || parts > maxParts) {
      throw new IllegalArgumentException(
          "a batch of %d samples and %d positions in %d parts exceeds the room for %d, %d and %d"
              .formatted(samples, positions, parts, maxSamples, maxPositions, maxParts));
    }
  }

  /** Appends the lists of {@code ids} to {@code values}; views of {@code indices} at the place. */
  static Scatter scatter(Tensor indices, RowGroups groups, int[] ids, int[] values, int at) {
    return view(indices, at, groups.append(ids, values, at), ids.length);
  }

  private static Scatter view(Tensor indices, int at, int rows, int positions) {
    return new Scatter(
        indices.slice(at, rows),
        indices.slice(at + rows, rows + 1),
        indices.slice(at + 2L * rows + 1, positions));
  }

  /** All of the batch last loaded. */
  SasRecPart whole() {
    return whole;
  }

  /** The same in parts. */
  List<SasRecPart> parts() {
    return parts;
  }

  /** T of the batch last loaded. */
  public int positionCount() {
    return whole.positionCount();
  }

  /** Where each sample lies, (B+1). */
  public Tensor offsets() {
    return whole.offsets();
  }

  /** Input items, (T). */
  Tensor items() {
    return whole.items();
  }

  /** Rows of the position table, (T). */
  Tensor positions() {
    return whole.positions();
  }

  /** Next items, (T). */
  public Tensor positives() {
    return whole.positives();
  }

  /** Sampled items, (T). */
  public Tensor negatives() {
    return whole.negatives();
  }

  /** Weight of each position's loss, (T). */
  public Tensor weights() {
    return whole.weights();
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
