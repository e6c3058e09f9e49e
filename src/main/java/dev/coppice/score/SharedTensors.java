// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Tensor;
import dev.coppice.data.TokenSample;
import dev.coppice.model.SharedRows;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How the chunks of a macro-batch join its shared prefix: of each row of the whole samples, where
 * it is computed. Rows of whole samples are counted as in a {@link MacroBatch} that shares nothing.
 */
final class SharedTensors {
  private final int length;
  private final Tensor offsets;
  private final Tensor rows;
  private final Tensor own;
  private final Tensor streamRows;
  private final List<SharedRows> chunks = new ArrayList<>();

  /**
   * Reserves memory.
   *
   * @param length shared positions, 1 or more
   * @param wholeRows most positions of whole samples
   * @param ownRows most positions of the samples' own, with the shared ones
   * @param samples most samples
   */
  SharedTensors(Allocator allocator, int length, int wholeRows, int ownRows, int samples) {
    this.length = length;
    offsets = allocator.i32(2 * samples);
    rows = allocator.i32(wholeRows);
    own = allocator.i32(ownRows);
    streamRows = allocator.i32(wholeRows);
  }

  /**
   * Writes the rows of a macro-batch.
   *
   * @param batch with its prefix apart
   * @param whole the same samples, each with its prefix
   */
  void write(MacroBatch batch, MacroBatch whole, List<TokenSample> samples) {
    int[] table = new int[whole.ids.length];
    int[] stream = new int[whole.ids.length];
    int[] places = new int[batch.ids.length];
    boolean scored = batch.chunks.get(0).targets() > 0;
    chunks.clear();
    for (int number = 0; number < whole.chunks.size(); number++) {
      MacroBatch.Chunk all = whole.chunks.get(number);
      MacroBatch.Chunk part = batch.chunks.get(number + 1);
      for (int row = 0, ownRow = 0; row < all.rows(); row++) {
        int position = whole.positions[all.firstRow() + row];
        boolean common = position < length;
        table[all.firstRow() + row] = common ? position : length + ownRow;
        stream[all.firstRow() + row] = common ? position : part.firstRow() + ownRow;
        if (!common) {
          places[part.firstRow() + ownRow++] = row;
        }
      }
      chunks.add(chunk(all, part, scored, whole.offsets, samples));
    }
    offsets.rows(0, whole.offsets.length).write(whole.offsets);
    rows.rows(0, table.length).write(table);
    streamRows.rows(0, stream.length).write(stream);
    own.rows(0, places.length).write(places);
  }

  private SharedRows chunk(
      MacroBatch.Chunk all,
      MacroBatch.Chunk part,
      boolean scored,
      int[] starts,
      List<TokenSample> samples) {
    double[] weights = new double[all.samples()];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = 1.0 / samples.get(all.firstSample() + i).targets();
    }
    int first = all.firstOffset();
    return new SharedRows(
        length,
        scored,
        offsets.rows(first, all.samples() + 1),
        rows.rows(all.firstRow(), all.rows()),
        own.rows(part.firstRow(), part.rows()),
        Arrays.copyOfRange(starts, first, first + all.samples()),
        weights);
  }

  /** How chunk {@code number} of the samples joins the prefix. */
  SharedRows chunk(int number) {
    return chunks.get(number);
  }

  /** For each row of a chunk of whole samples, its row in the stream, (F). */
  Tensor streamRows(MacroBatch.Chunk whole) {
    return streamRows.rows(whole.firstRow(), whole.rows());
  }
}
