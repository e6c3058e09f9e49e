// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.data.Scores;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScoreSegmentsTest {
  private static final byte[] KEY = new byte[32];
  private static final List<String> COLUMNS = List.of("influence", "loss");

  @TempDir Path folder;

  private ScoreSegments open(byte[] key) throws IOException {
    return ScoreSegments.open(folder.resolve("s"), key, COLUMNS);
  }

  private void writeThree() throws IOException {
    try (ScoreSegments segments = open(KEY)) {
      segments.append(new int[] {7, 3}, new double[] {0.7, 0.3}, new double[] {70, 30});
      segments.append(new int[] {1}, new double[] {-1e-300}, new double[] {10});
      segments.append(new int[] {9, 8}, new double[] {0.9, 0.8}, new double[] {90, Math.PI});
    }
  }

  @Test
  void givesBackWhatWasAppendedInAnyOrder() throws IOException {
    writeThree();
    try (ScoreSegments segments = open(KEY)) {
      Scores scores = segments.scores();
      assertArrayEquals(new int[] {1, 3, 7, 8, 9}, scores.samples());
      assertArrayEquals(new double[] {-1e-300, 0.3, 0.7, 0.8, 0.9}, scores.column("influence"));
      assertArrayEquals(new double[] {10, 30, 70, Math.PI, 90}, scores.column("loss"));
      assertEquals(3, segments.count());
      assertTrue(segments.has(8));
      assertFalse(segments.has(2));
    }
  }

  @Test
  void dropsATornTailAtEveryLengthAndGoesOn() throws IOException {
    writeThree();
    Path file = folder.resolve("s");
    byte[] whole = Files.readAllBytes(file);
    int header = 48;
    int row = 4 + 2 * 8;
    int second = header + 8 + 2 * row;
    int third = second + 8 + row;
    assertEquals(third + 8 + 2 * row, whole.length);
    for (int length = 0; length <= whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));
      int kept = length < second ? 0 : length < third ? 1 : length < whole.length ? 2 : 3;
      try (ScoreSegments segments = open(KEY)) {
        assertEquals(kept, segments.count(), "cut at " + length);
        segments.append(new int[] {100}, new double[] {1}, new double[] {2});
      }
      try (ScoreSegments segments = open(KEY)) {
        assertEquals(kept + 1, segments.count(), "after appending to a file cut at " + length);
        assertTrue(segments.has(100));
      }
    }
  }

  @Test
  void trustsNothingAfterAFlippedBit() throws IOException {
    writeThree();
    Path file = folder.resolve("s");
    byte[] whole = Files.readAllBytes(file);
    for (int at = 48; at < whole.length; at++) {
      byte[] bent = whole.clone();
      bent[at] ^= 0x10;
      Files.write(file, bent);
      try (ScoreSegments segments = open(KEY)) {
        assertTrue(segments.count() < 3, "bit flipped at " + at);
        for (int sample : segments.count() == 0 ? new int[0] : segments.scores().samples()) {
          assertTrue(List.of(1, 3, 7).contains(sample), "bit flipped at " + at);
        }
      }
    }
  }

  @Test
  void startsAfreshForAnotherKeyOrOtherColumns() throws IOException {
    writeThree();
    byte[] other = KEY.clone();
    other[31] = 1;
    try (ScoreSegments segments = open(other)) {
      assertEquals(0, segments.count());
    }
    writeThree();
    try (ScoreSegments segments =
        ScoreSegments.open(folder.resolve("s"), KEY, List.of("influence"))) {
      assertEquals(0, segments.count());
    }
  }

  @Test
  void refusesASampleTwice() throws IOException {
    writeThree();
    try (ScoreSegments segments = open(KEY)) {
      double[] value = {1};
      assertThrows(
          IllegalArgumentException.class, () -> segments.append(new int[] {3}, value, value));
      assertEquals(3, segments.count());
    }
  }
}
