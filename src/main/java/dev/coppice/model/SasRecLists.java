// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.data.PackedBatch;
import java.util.Arrays;

/**
 * All index lists of a packed batch, end to end, as {@link SasRecInput} copies them to the backend.
 * Making them needs no backend, so the lists of the next batch can be made while one is at work.
 *
 * @param batch which one
 * @param values offsets (B+1), triangles (B), items, positions, positives and negatives (T each),
 *     the offsets of each part counted from its first position, then the lists of the scatter-adds
 * @param parts first sample of each part, and B
 * @param scatterRows table rows R of each scatter-add; its lists take 2R + 1 + T; empty for a batch
 *     that is not differentiated
 */
record SasRecLists(PackedBatch batch, int[] values, int[] parts, int[] scatterRows) {
  /** Index lists a batch needs at most. */
  static int capacity(int samples, int positions, int parts, boolean scatters) {
    int lists = Math.addExact(2 * samples + 1 + 4 * positions, samples + parts);
    return Math.addExact(lists, scatters ? 4 * RowGroups.capacity(positions) : 0);
  }

  /**
   * Cuts B samples into parts of about equal numbers of positions, none of them empty.
   *
   * @param offsets of the samples, (B+1)
   * @param wanted number of parts; fewer where there are fewer samples
   * @return first sample of each part, and B
   */
  static int[] cut(int[] offsets, int wanted) {
    int samples = offsets.length - 1;
    int[] bounds = new int[wanted + 1];
    int count = 0;
    for (int part = 1; part < wanted; part++) {
      long target = (long) offsets[samples] * part / wanted;
      int at = Arrays.binarySearch(offsets, (int) target);
      int sample = at >= 0 ? at : -at - 1;
      if (sample > bounds[count] && sample < samples) {
        bounds[++count] = sample;
      }
    }
    bounds[++count] = samples;
    return Arrays.copyOf(bounds, count + 1);
  }

  /**
   * Makes the lists.
   *
   * @param parts first sample of each part, and B
   * @param itemGroups of the item table, or null for a batch that is not differentiated; used by
   *     nobody else meanwhile
   * @param positionGroups of the position table, or null
   */
  static SasRecLists of(
      PackedBatch batch, int[] parts, RowGroups itemGroups, RowGroups positionGroups) {
    int b = batch.sampleCount();
    int t = batch.positionCount();
    int[] values = new int[capacity(b, t, parts.length - 1, itemGroups != null)];
    int at = putOffsets(values, batch.offsets(), 0, b);
    for (int[] list :
        new int[][] {batch.items(), batch.positions(), batch.positives(), batch.negatives()}) {
      System.arraycopy(list, 0, values, at, t);
      at += t;
    }
    for (int part = 0; part + 1 < parts.length; part++) {
      for (int sample = parts[part]; sample <= parts[part + 1]; sample++) {
        values[at++] = batch.offsets()[sample] - batch.offsets()[parts[part]];
      }
    }
    int[] rows = new int[itemGroups == null ? 0 : 4];
    if (itemGroups != null) {
      int[][] ids = {batch.items(), batch.positions(), batch.positives(), batch.negatives()};
      for (int list = 0; list < ids.length; list++) {
        rows[list] = (list == 1 ? positionGroups : itemGroups).append(ids[list], values, at);
        at += 2 * rows[list] + 1 + t;
      }
    }
    return new SasRecLists(batch, Arrays.copyOf(values, at), parts, rows);
  }

  /**
   * Writes offsets and triangles of some sequences, as if they were a batch.
   *
   * @param from first sequence
   * @param count number of sequences
   * @return where the next list starts
   */
  static int putOffsets(int[] values, int[] allOffsets, int from, int count) {
    int first = allOffsets[from];
    int triangle = 0;
    for (int b = 0; b < count; b++) {
      int length = allOffsets[from + b + 1] - allOffsets[from + b];
      values[b] = allOffsets[from + b] - first;
      values[count + 1 + b] = triangle;
      triangle = Math.addExact(triangle, Math.multiplyExact(length, length + 1) / 2);
    }
    values[count] = allOffsets[from + count] - first;
    return 2 * count + 1;
  }
}
