// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.data.Scores;
import dev.coppice.io.ContentHash;
import dev.coppice.io.ScoreCsv;
import dev.coppice.pipeline.demo.SmallRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The files that commands write, by their SHA-256, for other threads and memory; CPU against
 * reference.
 */
class ReproducibleTest {
  private static final int USERS = 400;
  private static final List<String> RESULTS =
      List.of(
          "surrogate.safetensors",
          "influence.csv",
          "effort.csv",
          "selection.txt",
          "selection.jsonl");

  @TempDir static Path folder;
  private static Path first;

  @BeforeAll
  static void runOnce() throws IOException {
    SmallRun.write(folder, USERS);
    first = run("first", "cpu", 1, "64MiB", 42);
  }

  private static Path run(String name, String backend, int threads, String memory, long seed) {
    Path out = folder.resolve(name);
    List<String> args = new ArrayList<>(List.of("prune"));
    args.addAll(List.of("--data", folder.resolve("data").toString(), "--out", out.toString()));
    args.addAll(List.of("--llm", folder.resolve("llm").toString(), "--memory", memory));
    args.addAll(List.of("--epochs", "3", "--eval-every", "3", "--batch", "64", "--hidden", "16"));
    args.addAll(List.of("--max-len", "10", "--n", "20", "--strata", "5"));
    args.addAll(List.of("--backend", backend, "--threads", Integer.toString(threads)));
    args.addAll(List.of("--seed", Long.toString(seed)));
    Called called = Called.with(args);
    assertEquals(0, called.code(), called.toString());
    return out;
  }

  private static List<String> hashes(Path run) {
    return RESULTS.stream()
        .map(name -> name + " " + ContentHash.sha256(run.resolve(name)))
        .toList();
  }

  @Test
  void threadsAndMemoryChangeNoByte() {
    assertEquals(hashes(first), hashes(run("two", "cpu", 2, "3MiB", 42)));
    assertEquals(hashes(first), hashes(run("four", "cpu", 4, "8MiB", 42)));
  }

  /** So that the comparison above means something. */
  @Test
  void theSeedChangesEveryFile() {
    List<String> other = hashes(run("seed", "cpu", 2, "64MiB", 43));
    for (int i = 0; i < RESULTS.size(); i++) {
      assertNotEquals(hashes(first).get(i), other.get(i));
    }
  }

  @Test
  void scoresOfASurrogateAreTheSameForAnyThreads() {
    List<String> hashes = new ArrayList<>();
    for (int threads : new int[] {1, 2, 4}) {
      for (String solver : List.of("cg", "direct", "lissa")) {
        Path out = folder.resolve(solver + threads + ".csv");
        Called called = influence("cpu", out, "--threads", "" + threads, "--solver", solver);
        assertEquals(0, called.code(), called.toString());
        hashes.add(ContentHash.sha256(out));
      }
    }
    assertEquals(hashes.subList(0, 3), hashes.subList(3, 6));
    assertEquals(hashes.subList(0, 3), hashes.subList(6, 9));
  }

  private static Called influence(String backend, Path out, String... more) {
    List<String> args = new ArrayList<>(List.of("score", "influence"));
    args.addAll(List.of("--data", folder.resolve("data").toString()));
    args.addAll(List.of("--surrogate", first.resolve("surrogate.safetensors").toString()));
    args.addAll(List.of("--out", out.toString(), "--backend", backend));
    args.addAll(List.of("--lissa-steps", "300"));
    args.addAll(List.of(more));
    return Called.with(args);
  }

  /** Same weights, float32 kernels against float64 loops: at most 1e-5 of the largest value. */
  @Test
  void cpuAgreesWithReferenceAndSelectsTheSame() throws IOException {
    Path reference = folder.resolve("reference.csv");
    Called called = influence("reference", reference, "--solver", "cg");
    assertEquals(0, called.code(), called.toString());
    assertClose(
        ScoreCsv.read(reference), ScoreCsv.read(first.resolve("influence.csv")), "influence");
    Path effort = folder.resolve("effort-reference.csv");
    called =
        Called.with(
            "score",
            "effort",
            "--backend",
            "reference",
            "--data",
            folder.resolve("data").toString(),
            "--llm",
            folder.resolve("llm").toString(),
            "--out",
            effort.toString());
    assertEquals(0, called.code(), called.toString());
    assertClose(ScoreCsv.read(effort), ScoreCsv.read(first.resolve("effort.csv")), "effort");
    assertEquals(
        selection(reference + "," + effort, "of-reference"),
        selection(first.resolve("influence.csv") + "," + first.resolve("effort.csv"), "of-cpu"));
  }

  private static void assertClose(Scores expected, Scores actual, String column) {
    assertTrue(Arrays.equals(expected.samples(), actual.samples()));
    double[] e = expected.column(column);
    double[] a = actual.column(column);
    double largest = 0;
    double error = 0;
    for (int i = 0; i < e.length; i++) {
      largest = Math.max(largest, Math.abs(e[i]));
      error = Math.max(error, Math.abs(a[i] - e[i]));
    }
    assertTrue(largest > 0 && error <= 1e-5 * largest, column + ": " + error + " of " + largest);
    assertTrue(error > 0, "two backends in two precisions agree to the bit: is it one backend?");
  }

  private static List<String> selection(String scores, String name) throws IOException {
    Path out = folder.resolve(name);
    Called called =
        Called.with(
            "select", "--scores", scores, "--n", "50", "--strata", "7", "--out", out.toString());
    assertEquals(0, called.code(), called.toString());
    List<String> chosen = Files.readAllLines(out);
    assertEquals(50, chosen.size());
    return chosen;
  }
}
