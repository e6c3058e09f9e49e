// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.coppice.data.InputException;
import dev.coppice.data.Scores;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Files with seeded mutations are read, or refused with an {@link InputException} that names the
 * file; nothing else may happen. {@code -Dcoppice.fuzz.iterations=N} sets how many files in all; a
 * failure prints the seed, and the bytes to make a test of.
 */
class MutatedFilesFuzzTest {
  private static final int ITERATIONS = Integer.getInteger("coppice.fuzz.iterations", 2000) / 4;
  private static final byte[][] SPLICES = {
    "\n".getBytes(StandardCharsets.UTF_8),
    " ".getBytes(StandardCharsets.UTF_8),
    "\t".getBytes(StandardCharsets.UTF_8),
    ",".getBytes(StandardCharsets.UTF_8),
    "0".getBytes(StandardCharsets.UTF_8),
    "-1".getBytes(StandardCharsets.UTF_8),
    "99999999999999999999".getBytes(StandardCharsets.UTF_8),
    "nan".getBytes(StandardCharsets.UTF_8),
    "{".getBytes(StandardCharsets.UTF_8),
    "]".getBytes(StandardCharsets.UTF_8),
    "\"".getBytes(StandardCharsets.UTF_8),
    "\\ud800".getBytes(StandardCharsets.UTF_8),
    "\r\n".getBytes(StandardCharsets.UTF_8),
    {0},
    {(byte) 0xff},
    {(byte) 0xc3},
    {(byte) 0xef, (byte) 0xbb, (byte) 0xbf},
    "{history}".getBytes(StandardCharsets.UTF_8)
  };

  @TempDir Path folder;

  @Test
  void dataFolders() throws IOException {
    SmallFolder.write(folder);
    Files.writeString(
        folder.resolve("prompt.json"),
        "{\"instruction\": \"Do\", \"input\": \"Had {history}.\", \"separator\": \" | \"}");
    Files.writeString(folder.resolve("negatives.txt"), "u1 4 5\n7\nü 2\n");
    String[] names = {
      "train.txt", "valid.txt", "test.txt", "items.tsv", "prompt.json", "negatives.txt"
    };
    for (int file = 0; file < names.length; file++) {
      fuzz(
          folder.resolve(names[file]),
          ITERATIONS / names.length,
          100 + file,
          path -> DataFolder.read(folder));
    }
  }

  @Test
  void scoreCsvs() throws IOException {
    Path file = folder.resolve("s.csv");
    ScoreCsv.write(
        file, Scores.of(new int[] {0, 5, 12}, Map.of("effort", new double[] {0.25, -1e-9, 3})));
    fuzz(file, ITERATIONS, 200, ScoreCsv::read);
  }

  @Test
  void sampleFiles() throws IOException {
    Path file = folder.resolve("s.jsonl");
    Files.writeString(
        file,
        "{\"instruction\": \"Do\", \"input\": \"ü\", \"output\": \"x\"}\n"
            + "{\"input_ids\": [1, 5, 2], \"labels\": [-100, 5, -100]}\n");
    fuzz(file, ITERATIONS, 300, SamplesFile::read);
  }

  @Test
  void safetensors() throws IOException {
    Path file = folder.resolve("w.safetensors");
    SafeTensors.write(
        file,
        Map.of("heads", "2"),
        List.of(
            new SafeTensors.Out("a", new long[] {2, 3}, new float[6]),
            new SafeTensors.Out("b", new long[] {4}, new float[4])));
    Consumer<Path> readAll =
        path -> {
          SafeTensors read = SafeTensors.open(path);
          for (SafeTensors.Entry entry : read.entries().values()) {
            if (entry.dtype().startsWith("F8_")) {
              continue; // named, but nothing converts it
            }
            if (entry.dtype().contains("F")) {
              assertTrue(read.floats(entry.name()).length == entry.elements());
            } else {
              assertTrue(read.longs(entry.name()).length == entry.elements());
            }
          }
        };
    fuzz(file, ITERATIONS, 400, readAll);
  }

  private void fuzz(Path file, int iterations, long seed, Consumer<Path> read) throws IOException {
    byte[] whole = Files.readAllBytes(file);
    read.accept(file); // the file itself is right
    Random random = new Random(seed);
    int refused = 0;
    for (int iteration = 0; iteration < iterations; iteration++) {
      byte[] mutated = mutate(whole, random);
      Files.write(file, mutated);
      try {
        read.accept(file);
      } catch (InputException expected) {
        refused++;
        assertTrue(expected.getMessage().startsWith(folder.toString()), expected.getMessage());
        assertTrue(expected.getMessage().lines().count() == 1, expected.getMessage());
      } catch (RuntimeException | StackOverflowError | OutOfMemoryError other) {
        fail("seed " + seed + " iteration " + iteration + ": " + Arrays.toString(mutated), other);
      }
    }
    Files.write(file, whole);
    assertTrue(refused > iterations / 4, "only " + refused + " of " + iterations + " were refused");
  }

  private static byte[] mutate(byte[] whole, Random random) {
    byte[] bytes = whole;
    for (int times = 1 + random.nextInt(3); times > 0; times--) {
      int at = random.nextInt(bytes.length + 1);
      int to = Math.min(bytes.length, at + random.nextInt(6));
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      out.write(bytes, 0, at);
      switch (random.nextInt(5)) {
        case 0 -> out.writeBytes(SPLICES[random.nextInt(SPLICES.length)]); // insert
        case 1 -> { // replace
          out.writeBytes(SPLICES[random.nextInt(SPLICES.length)]);
          at = to;
        }
        case 2 -> at = to; // delete
        case 3 -> { // flip a bit
          if (at < bytes.length) {
            out.write(bytes[at] ^ (1 << random.nextInt(8)));
            at++;
          }
        }
        default -> out.write(bytes, at, to - at); // repeat
      }
      if (random.nextInt(20) == 0) {
        at = bytes.length; // cut
      }
      out.write(bytes, at, bytes.length - at);
      bytes = out.toByteArray();
    }
    return bytes;
  }
}
