// SPDX-License-Identifier: Apache-2.0
package dev.coppice.benchmarks;

import dev.coppice.io.AtomicFile;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * A seeded data folder with the sizes of a real one: 49,156 users of a game shop and its 17,332
 * items. Only the numbers below were measured there.
 *
 * <p>Lengths follow the measured distribution, linear in log length between its knots; popularity
 * is Zipf and Mandelbrot's {@code (rank + 400)^-1.2}, whose cumulative share is within 2.2% of the
 * measured one everywhere; a fifth of the users has validation and test items, geometrically many.
 */
public final class GeneratedData {
  /** Users of the full size. */
  public static final int USERS = 49156;

  /** Items of the full size. */
  public static final int ITEMS = 17332;

  private static final int[] LENGTHS = {1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 77, 658};
  private static final double[] SHARE_UP_TO = {
    .0688, .1614, .2924, .4571, .6301, .7317, .8437, .8971, .9546, .9753, .9895, .9967, .999, 1
  };
  private static final double EXPONENT = 1.2;
  private static final double OFFSET = 400;
  private static final double[] ANSWERED = {.195, .177}; // share of users with valid, test items
  private static final double MORE = .57; // chance of one more answer: 2.3 in the mean

  private final SplittableRandom random;
  private final int users;
  private final double[] cumulative; // of popularity, by rank
  private final int[] itemOfRank;

  private GeneratedData(int users, int items, long seed) {
    this.users = users;
    random = new SplittableRandom(seed);
    cumulative = new double[items];
    itemOfRank = new int[items];
    double sum = 0;
    for (int rank = 0; rank < items; rank++) {
      sum += Math.pow(rank + OFFSET * items / ITEMS, -EXPONENT);
      cumulative[rank] = sum;
      int at = random.nextInt(rank + 1); // a random permutation: ids do not tell popularity
      itemOfRank[rank] = itemOfRank[at];
      itemOfRank[at] = rank + 1;
    }
  }

  /**
   * Writes the folder unless it is there.
   *
   * @param folder may exist; files in it are replaced
   * @throws IOException if a file cannot be written
   */
  public static void write(Path folder, int users, int items, long seed) throws IOException {
    Files.createDirectories(folder);
    new GeneratedData(users, items, seed).write(folder);
  }

  private void write(Path folder) throws IOException {
    StringBuilder[] files = {new StringBuilder(), new StringBuilder(), new StringBuilder()};
    for (int user = 1; user <= users; user++) {
      Set<Integer> chosen = new HashSet<>();
      int[] counts = {length(), answers(ANSWERED[0]), answers(ANSWERED[1])};
      for (int part = 0; part < files.length; part++) {
        files[part].append(user);
        for (int k = 0; k < Math.min(counts[part], cumulative.length / 4); k++) {
          files[part].append(' ').append(item(chosen));
        }
        files[part].append('\n');
      }
    }
    StringBuilder titles = new StringBuilder();
    for (int item = 1; item <= cumulative.length; item++) {
      titles.append(item).append("\tItem ").append(item).append('\n');
    }
    String[] names = {"train.txt", "valid.txt", "test.txt"};
    for (int part = 0; part < names.length; part++) {
      write(folder.resolve(names[part]), files[part]);
    }
    write(folder.resolve("items.tsv"), titles);
  }

  private static void write(Path file, CharSequence text) throws IOException {
    AtomicFile.write(
        file, (OutputStream out) -> out.write(text.toString().getBytes(StandardCharsets.UTF_8)));
  }

  private int length() {
    double u = random.nextDouble();
    int knot = 0;
    while (u > SHARE_UP_TO[knot]) {
      knot++;
    }
    if (knot == 0) {
      return LENGTHS[0];
    }
    double within = (u - SHARE_UP_TO[knot - 1]) / (SHARE_UP_TO[knot] - SHARE_UP_TO[knot - 1]);
    double low = Math.log(LENGTHS[knot - 1]);
    return (int) Math.ceil(Math.exp(low + within * (Math.log(LENGTHS[knot]) - low)));
  }

  private int answers(double share) {
    if (random.nextDouble() >= share) {
      return 0;
    }
    int count = 1;
    while (random.nextDouble() < MORE) {
      count++;
    }
    return count;
  }

  private int item(Set<Integer> chosen) {
    while (true) {
      double u = random.nextDouble() * cumulative[cumulative.length - 1];
      int at = Arrays.binarySearch(cumulative, u);
      int item = itemOfRank[Math.min(at < 0 ? -at - 1 : at, cumulative.length - 1)];
      if (chosen.add(item)) {
        return item;
      }
    }
  }
}
