// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline.demo;

import dev.coppice.io.AtomicFile;
import dev.coppice.io.JsonFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A made-up data set with what real ones have: tastes, popularity by Zipf's law, and items that
 * tend to follow each other.
 *
 * <p>Items lie in tastes of {@link DemoTitles#RANKS}; popularity falls with the rank. Each item has
 * three successors in its taste. A user has a main and a second taste. The next item of a sequence
 * is a successor of the last (probability {@value #FOLLOW}), else a draw by popularity from one of
 * the two tastes; an item comes once. The last item is the test answer, the one before it the
 * validation answer, all others train.
 */
final class DemoData {
  private static final double FOLLOW = 0.8;
  private static final double SECOND_TASTE = 0.15;
  private static final double ONE_ITEM = 0.02;
  private static final double STOP = 0.14;
  private static final int LONGEST = 22;
  private static final int PATIENCE = 200;
  private static final double[] SUCCESSOR = {0.65, 0.9, 1.0};

  private final long seed;
  private final int users;
  private final int tastes;
  private final int[][] successors;
  private final double[] tasteLaw;
  private final double[] rankLaw = Draws.zipf(DemoTitles.RANKS, 0.8);

  /**
   * Prepares the items.
   *
   * @param users number of users, samples
   * @param tastes 1 to {@link DemoTitles#TASTES}
   */
  DemoData(long seed, int users, int tastes) {
    this.seed = seed;
    this.users = users;
    this.tastes = tastes;
    this.tasteLaw = Draws.zipf(tastes, 0.5);
    this.successors = new int[tastes * DemoTitles.RANKS][];
    for (int item = 0; item < successors.length; item++) {
      successors[item] = successors(item);
    }
  }

  /** Three different items of the same taste, 0-based. */
  private int[] successors(int item) {
    Draws draws = new Draws(seed, Draws.ITEM, item);
    int taste = item / DemoTitles.RANKS;
    List<Integer> chosen = new ArrayList<>(List.of(item));
    while (chosen.size() < 1 + SUCCESSOR.length) {
      int next = taste * DemoTitles.RANKS + draws.below(DemoTitles.RANKS);
      if (!chosen.contains(next)) {
        chosen.add(next);
      }
    }
    return chosen.stream().skip(1).mapToInt(Integer::intValue).toArray();
  }

  /** Items of a user, 0-based, oldest first: one or more training items, then two answers. */
  private List<Integer> sequence(int user) {
    Draws draws = new Draws(seed, Draws.USER, user);
    int main = draws.weighted(tasteLaw);
    int second = draws.weighted(tasteLaw);
    boolean single = draws.uniform() < ONE_ITEM;
    int length = single ? 3 : 5;
    while (!single && length < LONGEST && draws.uniform() >= STOP) {
      length++;
    }
    List<Integer> items = new ArrayList<>();
    for (int tries = 0; items.size() < length; tries++) {
      int next;
      if (tries > PATIENCE) {
        next = draws.below(successors.length); // both tastes may be used up
      } else if (!items.isEmpty() && draws.uniform() < FOLLOW) {
        next = successors[items.get(items.size() - 1)][draws.weighted(SUCCESSOR)];
      } else {
        int taste = draws.uniform() < SECOND_TASTE ? second : main;
        next = taste * DemoTitles.RANKS + draws.weighted(rankLaw);
      }
      if (!items.contains(next)) {
        items.add(next);
      }
    }
    return items;
  }

  /** Writes the data folder. */
  void write(Path folder) throws IOException {
    StringBuilder train = new StringBuilder();
    StringBuilder valid = new StringBuilder();
    StringBuilder test = new StringBuilder();
    for (int user = 0; user < users; user++) {
      List<Integer> items = sequence(user);
      String name = "user" + user;
      train.append(name);
      items.subList(0, items.size() - 2).forEach(item -> train.append(' ').append(item + 1));
      train.append('\n');
      valid.append(name).append(' ').append(items.get(items.size() - 2) + 1).append('\n');
      test.append(name).append(' ').append(items.get(items.size() - 1) + 1).append('\n');
    }
    StringBuilder titles = new StringBuilder();
    for (int item = 0; item < successors.length; item++) {
      String title = DemoTitles.of(item / DemoTitles.RANKS, item % DemoTitles.RANKS);
      titles.append(item + 1).append('\t').append(title).append('\n');
    }
    write(folder.resolve("train.txt"), train);
    write(folder.resolve("valid.txt"), valid);
    write(folder.resolve("test.txt"), test);
    write(folder.resolve("items.tsv"), titles);
    Map<String, String> prompt = new LinkedHashMap<>();
    prompt.put("instruction", "Recommend the next title.");
    prompt.put("input", "Chosen so far: {history}");
    prompt.put("separator", "; ");
    JsonFile.write(folder.resolve("prompt.json"), prompt);
  }

  private static void write(Path file, CharSequence text) throws IOException {
    byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
    AtomicFile.write(file, stream -> stream.write(bytes));
  }
}
