// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.data.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LineReaderTest {
  @TempDir Path folder;

  @Test
  void findsTheLinesOfAnyLengthAcrossItsBuffer() throws IOException {
    Random random = new Random(5);
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      String letter = i % 3 == 0 ? "ü" : "abc".substring(i % 3, i % 3 + 1);
      expected.add(letter.repeat(random.nextInt(i % 7 == 0 ? 150_000 : 40)));
    }
    expected.add("x".repeat((1 << 16) - 1));
    expected.add("end");
    Path file = Files.writeString(folder.resolve("lines"), String.join("\n", expected));
    assertEquals(expected, lines(file));
    Files.writeString(file, String.join("\r\n", expected) + "\r\n");
    assertEquals(expected, lines(file));
  }

  @Test
  void takesTheLongestLineAllowedAndNoLonger() throws IOException {
    String longest = "x".repeat(LineReader.MAX_LINE_BYTES);
    Path file = Files.writeString(folder.resolve("lines"), "a\n" + longest + "\r\nb\n");
    assertEquals(List.of("a", longest, "b"), lines(file));
    Files.writeString(file, "a\n" + longest + "x\nb\n");
    String message = assertThrows(InputException.class, () -> lines(file)).getMessage();
    assertTrue(message.startsWith(file + ":2: the line is longer"), message);
  }

  @Test
  void anEmptyFileHasNoLineAndALoneLineBreakOne() throws IOException {
    Path file = Files.writeString(folder.resolve("lines"), "");
    try (LineReader reader = new LineReader(file)) {
      assertFalse(reader.next());
      assertFalse(reader.next());
      assertEquals(0, reader.number());
    }
    Files.writeString(file, "\n");
    assertEquals(List.of(""), lines(file));
  }

  private static List<String> lines(Path file) {
    List<String> lines = new ArrayList<>();
    try (LineReader reader = new LineReader(file)) {
      while (reader.next()) {
        lines.add(reader.text());
        assertEquals(lines.size(), reader.number());
      }
    }
    return lines;
  }
}
