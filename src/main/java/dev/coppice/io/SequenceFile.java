// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import dev.coppice.data.InputException;
import dev.coppice.data.Sequences;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A file of item sequences: a line a user, {@code user item item ...}, parted by spaces or tabs.
 *
 * @param users first word of each line, (rows)
 * @param rows the items of each line
 */
record SequenceFile(List<String> users, Sequences rows) {

  /** Reads a file that decides who the users are: none twice, each with an item or more. */
  static SequenceFile readUsers(Path file, int itemCount) {
    SequenceFile result = new Parser(file, itemCount, null).read();
    Map<String, Integer> lineOf = new HashMap<>(2 * result.users.size());
    for (int row = 0; row < result.users.size(); row++) {
      String user = result.users.get(row);
      Integer first = lineOf.putIfAbsent(user, row + 1);
      if (first != null) {
        throw InputException.at(
            file.toString(),
            row + 1L,
            "user " + Shown.quoted(user) + " again, first on line " + first,
            "join the lines of a user");
      }
      if (result.rows.length(row) == 0) {
        throw InputException.at(
            file.toString(),
            row + 1L,
            "user " + Shown.quoted(user) + " has no items",
            "give the user an item or more, or remove it from all files");
      }
    }
    return result;
  }

  /** Reads a file that must have these users, in this order; lines may have no items. */
  static Sequences readRows(Path file, int itemCount, List<String> users) {
    return new Parser(file, itemCount, users).read().rows;
  }

  private static final class Parser {
    private final Path file;
    private final int itemCount;
    private final List<String> expected;
    private final List<String> users = new ArrayList<>();
    private int[] offsets = new int[1024];
    private int[] items = new int[8192];
    private int count;

    Parser(Path file, int itemCount, List<String> expected) {
      this.file = file;
      this.itemCount = itemCount;
      this.expected = expected;
    }

    SequenceFile read() {
      try (LineReader lines = new LineReader(file)) {
        while (lines.next()) {
          line(lines);
        }
        if (users.isEmpty()) {
          throw lines.fileError("is empty", "write a line a user: user item item ...");
        }
        if (expected != null && users.size() < expected.size()) {
          throw InputException.at(
              file.toString(),
              users.size(),
              "the last line, but train.txt has " + expected.size() + " lines",
              "give each user of train.txt a line, with or without items");
        }
      }
      return new SequenceFile(
          users,
          new Sequences(Arrays.copyOf(offsets, users.size() + 1), Arrays.copyOf(items, count)));
    }

    private void line(LineReader lines) {
      byte[] bytes = lines.buffer();
      int from = word(bytes, lines.start(), lines.end());
      int to = wordEnd(bytes, from, lines.end());
      if (from == to) {
        throw lines.error("the line is empty", "remove it, or write user item item ...");
      }
      user(lines, lines.text(from, to));
      from = word(bytes, to, lines.end());
      while (from < lines.end()) {
        to = wordEnd(bytes, from, lines.end());
        item(lines, from, to);
        from = word(bytes, to, lines.end());
      }
      if (users.size() + 1 > offsets.length - 1) {
        offsets = Arrays.copyOf(offsets, 2 * offsets.length);
      }
      offsets[users.size()] = count;
    }

    private void user(LineReader lines, String user) {
      int row = users.size();
      if (expected != null) {
        if (row >= expected.size()) {
          throw lines.error(
              "user " + Shown.quoted(user) + " is beyond the " + row + " lines of train.txt",
              "keep the same users in the same order in every file");
        }
        if (!expected.get(row).equals(user)) {
          throw lines.error(
              "user "
                  + Shown.quoted(user)
                  + " where train.txt has "
                  + Shown.quoted(expected.get(row)),
              "keep the same users in the same order in every file");
        }
      }
      users.add(expected == null ? user : expected.get(row));
    }

    private void item(LineReader lines, int from, int to) {
      long id = Numbers.parse(lines.buffer(), from, to);
      if (id < 0) {
        throw lines.error(
            Shown.quoted(lines.text(from, to)) + " is not an item id",
            "write user item item ..., with the ids of items.tsv");
      }
      if (id < 1 || id > itemCount) {
        throw lines.error(
            "item " + id + " is not in items.tsv, whose ids are 1 to " + itemCount,
            "add it there or remove it here");
      }
      if (count == items.length) {
        if (count > Integer.MAX_VALUE / 2) {
          throw lines.error("more than " + count + " items", "split the data set");
        }
        items = Arrays.copyOf(items, 2 * count);
      }
      items[count++] = (int) id;
    }

    private static int word(byte[] bytes, int from, int end) {
      int i = from;
      while (i < end && (bytes[i] == ' ' || bytes[i] == '\t')) {
        i++;
      }
      return i;
    }

    private static int wordEnd(byte[] bytes, int from, int end) {
      int i = from;
      while (i < end && bytes[i] != ' ' && bytes[i] != '\t') {
        i++;
      }
      return i;
    }
  }
}
