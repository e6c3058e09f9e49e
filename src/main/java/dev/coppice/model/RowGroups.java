// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import java.util.Arrays;

/**
 * Groups positions by the table row that they use, for a scatter-add of fixed order. Reuses one
 * array of counters, so it is used by one thread at a time.
 */
final class RowGroups {
  private final int[] counters; // of each table row; all zero between calls

  /**
   * Makes the counters.
   *
   * @param tableRows rows of the table, V
   */
  RowGroups(int tableRows) {
    counters = new int[tableRows];
  }

  /** Most values that {@link #append} writes for {@code positions} ids. */
  static int capacity(int positions) {
    return 3 * positions + 1;
  }

  /**
   * Writes the R different rows in order of first use, the R+1 segment bounds, and the positions
   * grouped by row, ascending within one, one after the other.
   *
   * @param ids row used by each position, (T)
   * @param out receives {@code 2R + 1 + T} values from {@code at} on
   * @return R
   */
  int append(int[] ids, int[] out, int at) {
    int rows = 0;
    for (int id : ids) {
      if (counters[id]++ == 0) {
        out[at + rows++] = id;
      }
    }
    int segments = at + rows;
    int start = 0;
    for (int r = 0; r < rows; r++) {
      out[segments + r] = start;
      int count = counters[out[at + r]];
      counters[out[at + r]] = start; // from now on: where the row's next position goes
      start += count;
    }
    out[segments + rows] = start;
    int order = segments + rows + 1;
    for (int t = 0; t < ids.length; t++) {
      out[order + counters[ids[t]]++] = t;
    }
    for (int r = 0; r < rows; r++) {
      counters[out[at + r]] = 0;
    }
    return rows;
  }

  /** Rows that {@code positions} ids can have at most. */
  int most(int positions) {
    return Math.min(positions, counters.length);
  }

  /**
   * The same laid out for more rows than there are: {@code 2 room + 1 + T} values, in which the
   * rows from R on are 0 and have no positions.
   *
   * @param room rows, at least R
   */
  void append(int[] ids, int[] out, int at, int room) {
    int rows = append(ids, out, at);
    System.arraycopy(out, at + 2 * rows + 1, out, at + 2 * room + 1, ids.length);
    System.arraycopy(out, at + rows, out, at + room, rows + 1);
    Arrays.fill(out, at + rows, at + room, 0);
    Arrays.fill(out, at + room + rows + 1, at + 2 * room + 1, ids.length);
  }
}
