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

  /** Some rows, in the order given. */
  Sequences rows(int[] chosen) {
    int[] starts = new int[chosen.length + 1];
    for (int k = 0; k < chosen.length; k++) {
      starts[k + 1] = Math.addExact(starts[k], length(chosen[k]));
    }
    int[] copies = new int[starts[chosen.length]];
    for (int k = 0; k < chosen.length; k++) {
      System.arraycopy(items, start(chosen[k]), copies, starts[k], length(chosen[k]));
    }
    return new Sequences(starts, copies);
  }

  /** Each row with the same row of {@code later} behind it. */
  Sequences followedBy(Sequences later) {
    int[] starts = new int[offsets.length];
    for (int row = 0; row < count(); row++) {
      starts[row + 1] = Math.addExact(starts[row], length(row) + later.length(row));
    }
    int[] joined = new int[starts[count()]];
    for (int row = 0; row < count(); row++) {
      System.arraycopy(items, start(row), joined, starts[row], length(row));
      System.arraycopy(
          later.items, later.start(row), joined, starts[row] + length(row), later.length(row));
    }
    return new Sequences(starts, joined);
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
