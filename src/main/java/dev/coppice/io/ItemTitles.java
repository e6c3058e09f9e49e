// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import dev.coppice.data.InputException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The file {@code items.tsv}: {@code id<TAB>title}, a line an item, ids 1..N in any order. */
final class ItemTitles {
  private ItemTitles() {}

  /**
   * Titles by item id; index 0 is null, (items+1).
   *
   * @throws InputException if a line is broken, or an id is repeated or missing
   */
  static String[] read(Path file) {
    List<String> titles = new ArrayList<>();
    int[] ids = new int[1024];
    try (LineReader lines = new LineReader(file)) {
      while (lines.next()) {
        int tab = indexOfTab(lines, lines.start());
        if (tab < 0 || indexOfTab(lines, tab + 1) >= 0) {
          throw lines.error("not an id, one tab and a title", "write id<TAB>title");
        }
        long id = Numbers.parse(lines.buffer(), lines.start(), tab);
        if (id < 1 || id > Integer.MAX_VALUE - 1) {
          throw lines.error(
              Shown.quoted(lines.text(lines.start(), tab)) + " is not an item id",
              "ids are the numbers from 1");
        }
        String title = lines.text(tab + 1, lines.end()).strip();
        if (title.isEmpty()) {
          throw lines.error("item " + id + " has no title", "write id<TAB>title");
        }
        if (titles.size() == ids.length) {
          ids = Arrays.copyOf(ids, 2 * ids.length);
        }
        ids[titles.size()] = (int) id;
        titles.add(title);
      }
      if (titles.isEmpty()) {
        throw lines.fileError("is empty", "write id<TAB>title, a line an item");
      }
    }
    return byId(file, ids, titles);
  }

  private static int indexOfTab(LineReader lines, int from) {
    for (int i = from; i < lines.end(); i++) {
      if (lines.buffer()[i] == '\t') {
        return i;
      }
    }
    return -1;
  }

  private static String[] byId(Path file, int[] ids, List<String> titles) {
    int count = titles.size();
    String[] result = new String[count + 1];
    int[] lineOf = new int[count + 1];
    int beyond = -1; // row of the first id above the number of lines
    for (int row = 0; row < count; row++) {
      int id = ids[row];
      if (id > count) {
        beyond = beyond < 0 ? row : beyond;
      } else if (lineOf[id] > 0) {
        throw InputException.at(
            file.toString(),
            row + 1L,
            "item " + id + " again, first on line " + lineOf[id],
            "keep one line an item");
      } else {
        lineOf[id] = row + 1;
        result[id] = titles.get(row);
      }
    }
    if (beyond >= 0) {
      int missing = 1;
      while (lineOf[missing] > 0) {
        missing++;
      }
      throw InputException.at(
          file.toString(),
          beyond + 1L,
          "item "
              + ids[beyond]
              + " in a file of "
              + count
              + " lines, so item "
              + missing
              + " is missing",
          "give each id from 1 to the number of items a line");
    }
    return result;
  }
}
