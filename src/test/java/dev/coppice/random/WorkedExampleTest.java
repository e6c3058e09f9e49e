// SPDX-License-Identifier: Apache-2.0
package dev.coppice.random;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The numbers in docs/randomness.md are those that the code makes. */
class WorkedExampleTest {
  private static final long SEED = 42;
  private static final int ITEMS = 17332;

  @Test
  void agreesWithTheDocument() throws IOException {
    String text = Files.readString(Path.of("docs/randomness.md"));
    List<String> shown =
        text.substring(text.indexOf("## Worked example"))
            .lines()
            .filter(line -> line.startsWith("    "))
            .map(line -> line.strip().replaceAll(" +", " "))
            .toList();
    assertEquals(expected(), shown);
  }

  private static List<String> expected() {
    List<String> lines = new ArrayList<>();
    int[] words = new int[4];
    Philox.block(42, 0, Purpose.NEGATIVES, 0, 0, 0, words);
    lines.add(
        "words "
            + Arrays.stream(words)
                .mapToObj(word -> String.format("%08x", word))
                .collect(Collectors.joining(" ")));
    String word = Integer.toUnsignedString(words[0]);
    lines.add("word0 " + word);
    lines.add("u " + Philox.uniform(SEED, Purpose.NEGATIVES, 0, 0, 0));
    lines.add("item of 17332 items = 1 + " + word + " * 17332 div 2^32 = " + item(0));
    for (int transition = 1; transition < 3; transition++) {
      lines.add("word0 " + word(Purpose.NEGATIVES, 64 * transition) + " item " + item(transition));
    }
    for (int index = 0; index < 5; index++) {
      long key = Philox.key(SEED, Purpose.SHUFFLE, 0, index, 0);
      lines.add("index " + index + " key64 " + Long.toUnsignedString(key));
    }
    lines.add(
        "order "
            + Arrays.stream(Shuffle.order(5, SEED, 0))
                .mapToObj(Integer::toString)
                .collect(Collectors.joining(" ")));
    for (int element = 0; element < 4; element++) {
      String drawn = word(Purpose.DROPOUT, element);
      lines.add("word0 " + drawn + (Long.parseLong(drawn) >= 0.5 * 0x1p32 ? " kept" : " dropped"));
    }
    return lines;
  }

  private static String word(int purpose, int c) {
    return Integer.toUnsignedString(Philox.firstWord(SEED, purpose, 0, 0, c));
  }

  private static int item(int transition) {
    return 1 + Philox.below(ITEMS, SEED, Purpose.NEGATIVES, 0, 0, 64 * transition);
  }
}
