// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.score.LargeModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A model is scored by a process that never has more than a third of the model's size in memory,
 * with the results of a process that has all of it, and those of the reference.
 *
 * <p>The model has 0.7 GB, or 2.8 GB with {@code -Dcoppice.large=true}.
 */
@Timeout(1200)
class LargeModelTest {
  private static final int VOCABULARY = 1024;
  private static final int LAYERS = 52;
  private static final int[] LENGTHS = {6, 4, 3}; // few: the reference takes its time

  @TempDir Path folder;

  /** What a process wrote, and the most memory that was resident in it, of any kind. */
  private record Scored(String csv, String err, long peakBytes) {}

  @Test
  void takesAThirdOfTheModelsSizeAndGivesTheSameBits() throws IOException, InterruptedException {
    int hidden = Boolean.getBoolean("coppice.large") ? 1024 : 512;
    Path llm = folder.resolve("llm");
    long bytes =
        LargeModel.writeShards(llm, LargeModel.config(VOCABULARY, hidden, 3 * hidden, LAYERS));
    writeSamples();

    Scored roomy = score("roomy", 4 * bytes);
    Scored tight = score("tight", bytes / 6);

    assertTrue(roomy.peakBytes > bytes, "not measured: " + roomy.peakBytes + " of " + bytes);
    assertTrue(
        tight.peakBytes < bytes / 3,
        "of " + bytes + " bytes " + tight.peakBytes + " were in memory\n" + tight.err);
    assertEquals(roomy.csv, tight.csv);

    Called reference = Called.with(arguments("reference", 4 * bytes, "--backend", "reference"));
    assertEquals(0, reference.code(), reference.toString());
    assertClose(Files.readString(out("reference")), tight.csv);
  }

  private void writeSamples() throws IOException {
    Random random = new Random(1);
    List<String> lines = new ArrayList<>();
    for (int length : LENGTHS) {
      String ids = random.ints(length, 0, VOCABULARY).boxed().toList().toString();
      lines.add("{\"input_ids\": " + ids + "}");
    }
    Files.write(folder.resolve("samples.jsonl"), lines);
  }

  private Path out(String name) {
    return folder.resolve(name + ".csv");
  }

  private List<String> arguments(String name, long memory, String... more) {
    List<String> args = new ArrayList<>(List.of("score", "effort", "--cutoff", "8"));
    args.addAll(List.of("--llm", folder.resolve("llm").toString()));
    args.addAll(List.of("--samples", folder.resolve("samples.jsonl").toString()));
    args.addAll(List.of("--out", out(name).toString(), "--memory", Long.toString(memory)));
    args.addAll(List.of(more));
    return args;
  }

  private Scored score(String name, long memory) throws IOException, InterruptedException {
    List<String> args = arguments(name, memory, "--backend", "cpu", "--threads", "2");
    try (Spawned process = Spawned.start(folder, args)) {
      long peak = 0;
      while (process.isAlive()) {
        peak = Math.max(peak, peakBytes(process.pid()));
        Thread.sleep(1);
      }
      assertEquals(0, process.join(), process.err());
      return new Scored(Files.readString(out(name)), process.err(), peak);
    }
  }

  /** The most that was resident so far; 0 of a process that has ended. */
  private static long peakBytes(long pid) throws IOException {
    try {
      return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
          .filter(line -> line.startsWith("VmHWM:"))
          .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
          .sum();
    } catch (NoSuchFileException ended) {
      return 0;
    }
  }

  /** Of float32 sums of some hundred layers' terms: 1e-5 of each score. */
  private static void assertClose(String expected, String actual) {
    List<String> truth = expected.lines().toList();
    List<String> found = actual.lines().toList();
    assertEquals(1 + LENGTHS.length, truth.size());
    assertEquals(truth.size(), found.size());
    for (int line = 1; line < truth.size(); line++) {
      String[] e = truth.get(line).split(",");
      String[] a = found.get(line).split(",");
      for (int column = 0; column < e.length; column++) {
        double value = Double.parseDouble(e[column]);
        double error = Math.abs(Double.parseDouble(a[column]) - value);
        assertTrue(error <= 1e-5 * Math.abs(value), expected + "\n" + actual);
      }
    }
  }
}
