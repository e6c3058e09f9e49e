// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

/**
 * Rows of item ids, packed end to end: row r is {@code items[offsets[r]] .. items[offsets[r+1]-1]},
 * oldest first. The arrays are shared, not copied; nobody writes to them.
 *
 * @param offsets ascending from 0, (rows + 1)
 * @param items 1-based item ids, (offsets[rows])
 */
public record Sequences(int[] offsets, int[] items) {
  /**
   * Checks the offsets.
   *
   * @throws IllegalArgumentException if they do not ascend from 0 to {@code items.length}
   */
  public Sequences {
    if (offsets.length == 0 || offsets[0] != 0 || offsets[offsets.length - 1] != items.length) {
      throw new IllegalArgumentException("offsets must run from 0 to " + items.length);
    }
    for (int row = 1; row < offsets.length; row++) {
      if (offsets[row] < offsets[row - 1]) {
        throw new IllegalArgumentException("offsets descend at row " + (row - 1));
      }
    }
  }

  /** Number of rows. */
  public int count() {
    return offsets.length - 1;
  }

  /** Number of items in a row. */
  public int length(int row) {
    return offsets[row + 1] - offsets[row];
  }

  /** Item {@code k} of a row, 0-based from the oldest. */
  public int item(int row, int k) {
    if (k < 0 || k >= length(row)) {
      throw new IndexOutOfBoundsException("row " + row + " has no item " + k);
    }
    return items[offsets[row] + k];
  }

  /** Index in {@link #items} of the first item of a row. */
  public int start(int row) {
    return offsets[row];
  }
}
