// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.data.PackedBatch;
import java.util.Arrays;

/**
 * All index lists of a packed batch, end to end, as {@link SasRecInput} copies them to the backend.
 * Making them needs no backend, so the lists of the next batch can be made while one is at work.
 *
 * @param batch which one
 * @param samples that the lists have room for, B or more: those behind the last are empty
 * @param positions that the lists have room for, T or more: those behind the last are 0
 * @param values offsets (B+1), triangles (B), items, positions, positives and negatives (T each);
 *     where there are several parts, the offsets of each counted from its first position; then the
 *     lists of the scatter-adds. B and T are those of the room
 * @param parts first sample of each part, and B
 * @param scatterRows table rows R of each scatter-add, or room for them; its lists take 2R + 1 + T;
 *     empty for a batch that is not differentiated
 */
record SasRecLists(
    PackedBatch batch, int samples, int positions, int[] values, int[] parts, int[] scatterRows) {
  /** Index lists a batch needs at most. */
  static int capacity(int samples, int positions, int parts, boolean scatters) {
    int ofParts = parts == 1 ? 0 : samples + parts;
    int lists = Math.addExact(2 * samples + 1 + 4 * positions, ofParts);
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
   * Makes the lists of a batch, with room for it alone.
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
    int at = putBatch(batch, b, t, values);
    for (int part = 0; parts.length > 2 && part + 1 < parts.length; part++) {
      for (int sample = parts[part]; sample <= parts[part + 1]; sample++) {
        values[at++] = batch.offsets()[sample] - batch.offsets()[parts[part]];
      }
    }
    int[] rows = new int[itemGroups == null ? 0 : 4];
    for (int list = 0; list < rows.length; list++) {
      RowGroups groups = list == 1 ? positionGroups : itemGroups;
      rows[list] = groups.append(scattered(batch, list), values, at);
      at += 2 * rows[list] + 1 + t;
    }
    return new SasRecLists(batch, b, t, Arrays.copyOf(values, at), parts, rows);
  }

  /**
   * Makes the lists of a batch in one part that is differentiated, with room for others: where each
   * list lies depends on the room alone.
   *
   * @param samples at least the batch's; so is {@code positions}
   */
  static SasRecLists within(
      PackedBatch batch,
      int samples,
      int positions,
      RowGroups itemGroups,
      RowGroups positionGroups) {
    int[] values = new int[capacity(samples, positions, 1, true)];
    int at = putBatch(batch, samples, positions, values);
    int[] rows = new int[4];
    for (int list = 0; list < rows.length; list++) {
      RowGroups groups = list == 1 ? positionGroups : itemGroups;
      rows[list] = groups.most(positions);
      groups.append(scattered(batch, list), values, at, rows[list]);
      at += 2 * rows[list] + 1 + positions;
    }
    int[] whole = {0, batch.sampleCount()};
    return new SasRecLists(batch, samples, positions, Arrays.copyOf(values, at), whole, rows);
  }

  private static int[] scattered(PackedBatch batch, int list) {
    return switch (list) {
      case 0 -> batch.items();
      case 1 -> batch.positions();
      case 2 -> batch.positives();
      default -> batch.negatives();
    };
  }

  /** All but parts and scatter-adds. */
  private static int putBatch(PackedBatch batch, int samples, int positions, int[] values) {
    int b = batch.sampleCount();
    int t = batch.positionCount();
    int at = putOffsets(values, batch.offsets(), 0, b, samples);
    for (int list = 0; list < 4; list++) {
      System.arraycopy(scattered(batch, list), 0, values, at, t);
      at += positions;
    }
    return at;
  }

  /**
   * Writes offsets and triangles of some sequences, as if they were a batch.
   *
   * @param from first sequence
   * @param count number of sequences
   * @param room for so many, of which the last may be empty
   * @return where the next list starts
   */
  static int putOffsets(int[] values, int[] allOffsets, int from, int count, int room) {
    int first = allOffsets[from];
    int triangle = 0;
    for (int b = 0; b < count; b++) {
      int length = allOffsets[from + b + 1] - allOffsets[from + b];
      values[b] = allOffsets[from + b] - first;
      values[room + 1 + b] = triangle;
      triangle = Math.addExact(triangle, Math.multiplyExact(length, length + 1) / 2);
    }
    Arrays.fill(values, count, room + 1, allOffsets[from + count] - first);
    return 2 * room + 1;
  }
}
