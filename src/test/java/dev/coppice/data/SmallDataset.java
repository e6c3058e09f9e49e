// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** Data sets for tests, made without files. */
public final class SmallDataset {
  private SmallDataset() {}

  /** Rows as sequences. */
  public static Sequences rows(int[]... rows) {
    int[] offsets = new int[rows.length + 1];
    for (int row = 0; row < rows.length; row++) {
      offsets[row + 1] = offsets[row] + rows[row].length;
    }
    return new Sequences(offsets, Arrays.stream(rows).flatMapToInt(Arrays::stream).toArray());
  }

  /** A data set with these rows and items called "item 1" and so on. */
  public static Dataset of(
      int items, Sequences train, Sequences valid, Sequences test, Sequences negatives) {
    List<String> users = new ArrayList<>();
    for (int row = 0; row < train.count(); row++) {
      users.add("user" + row);
    }
    String[] titles = new String[items + 1];
    for (int item = 1; item <= items; item++) {
      titles[item] = "item " + item;
    }
    return new Dataset(
        users, train, valid, test, titles, Prompt.GENERIC, Optional.ofNullable(negatives));
  }

  /** Users with 1 to {@code longest} random training items, and no others. */
  public static Dataset random(int users, int items, int longest, long seed) {
    Random random = new Random(seed);
    int[][] rows = new int[users][];
    for (int user = 0; user < users; user++) {
      rows[user] = random.ints(1 + random.nextInt(longest), 1, items + 1).toArray();
    }
    Sequences none = new Sequences(new int[users + 1], new int[0]);
    return of(items, rows(rows), none, none, null);
  }
}
