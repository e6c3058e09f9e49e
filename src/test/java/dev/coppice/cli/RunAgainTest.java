// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.coppice.pipeline.demo.SmallRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A run that is started again does only what its options and files ask for. */
class RunAgainTest {
  private static final List<String> STAGES =
      List.of("train-surrogate", "score-influence", "score-effort", "select", "report");

  @TempDir static Path finished;
  private static Called first;

  @TempDir Path folder;

  @BeforeAll
  static void runOnce() throws IOException {
    SmallRun.write(finished, 60);
    first = Called.with(SmallRun.pruneWithLlm(finished));
    assertEquals(0, first.code(), first.toString());
  }

  /** Each test goes on with a copy; neither place nor time of a small file matters. */
  @BeforeEach
  void copyTheFinishedRun() throws IOException {
    try (Stream<Path> files = Files.walk(finished)) {
      for (Path file : files.filter(file -> !file.equals(finished)).toList()) {
        Path copy = folder.resolve(finished.relativize(file).toString());
        Files.copy(file, copy);
        Files.setLastModifiedTime(copy, Files.getLastModifiedTime(file)); // of the weights
      }
    }
  }

  @Test
  void writesTheWholeRunFolder() throws IOException {
    assertEquals(
        finished.toRealPath().resolve("run/report.html"), Path.of(first.lastLine()).toRealPath());
    assertEquals(6, first.out().lines().count(), first.out());
    for (String name :
        List.of(
            "run.json",
            "surrogate.safetensors",
            "influence.csv",
            "effort.csv",
            "scores.parquet",
            "influence.npy",
            "surrogate_loss.npy",
            "grad_norm.npy",
            "effort.npy",
            "llm_loss.npy",
            "tokens.npy",
            "overall.npy",
            "stratum.npy",
            "selected.npy",
            "selection.txt",
            "selection.jsonl",
            "report.html",
            "work")) {
      assertTrue(Files.exists(run(name)), name);
    }
    assertEquals(10, Files.readAllLines(run("selection.txt")).size());
    assertEquals(10, Files.readAllLines(run("selection.jsonl")).size());
    JsonNode manifest = manifest(folder);
    assertEquals("finished", manifest.path("state").asText());
    assertEquals(42, manifest.path("seeds").path("seed").asLong());
    assertEquals("cpu", manifest.path("backend").asText());
    assertTrue(manifest.path("fingerprints").has("llm/model.safetensors"));
    assertEquals(1, manifest.path("unscorable").size());
    assertEquals(4, stage("train-surrogate").path("units").path("done").asInt());
    assertTrue(stage("score-effort").path("units").path("done").asInt() >= 2);
  }

  @ParameterizedTest(name = "{0} {1}: {2}")
  @CsvSource(
      delimiter = '|',
      value = {
        // option | value | stages that run again
        "--seed | 42 | ",
        "--threads | 2 | ",
        "--memory | 8GiB | ",
        "--quiet | | ",
        "--json | | ",
        "--lissa-steps | 7 | ", // no part under cg
        "--n | 9 | select report",
        "--lambda | 0.4 | select report",
        "--strategy | top | select report",
        "--curvature-report | false | score-influence report", // the scores stay the same
        "--damping | 0.5x | score-influence select report",
        "--damping | 0.5 | score-influence select report",
        "--curvature | gauss-newton | score-influence select report",
        "--solver | direct | score-influence select report",
        "--loss | response | score-effort select report",
        "--cutoff | 300 | score-effort select report",
        "--lr | 0.01 | train-surrogate score-influence select report",
        "--patience | 9 | train-surrogate report", // the weights stay the same
        "--seed | 1 | train-surrogate score-influence score-effort select report",
      })
  void anOptionInvalidatesOnlyWhatDependsOnIt(String option, String value, String again)
      throws IOException {
    List<String> args = SmallRun.pruneWithLlm(folder);
    if (args.contains(option)) {
      args.set(args.indexOf(option) + 1, value);
    } else {
      args.add(option);
      if (value != null) {
        args.add(value);
      }
    }
    Called called = Called.with(args);
    assertEquals(0, called.code(), called.toString());
    assertEquals(again == null ? List.of() : List.of(again.split(" ")), ranAgain());
  }

  @Test
  void aDeletedOrEditedResultIsMadeAgainFromTheSegments() throws IOException {
    Files.delete(run("influence.csv"));
    Files.writeString(run("selection.txt"), "1\n");
    Called called = Called.with(SmallRun.pruneWithLlm(folder));
    assertEquals(0, called.code(), called.toString());
    assertSameAsFirst("influence.csv");
    assertSameAsFirst("selection.txt");
    JsonNode facts = stage("score-influence").path("facts");
    assertTrue(facts.path("solution").path("curvatureReport").has("rows"), facts.toString());
    assertEquals(
        manifest(finished).path("stages").path("score-influence").path("facts"),
        facts,
        "what the solution told survives");
    JsonNode units = stage("score-influence").path("units");
    assertEquals(units.path("done"), units.path("begun"));
    assertEquals(units.path("done"), units.path("resumed"));
  }

  @Test
  void aChangedFileInvalidatesWhatReadsIt() throws IOException {
    Path titles = folder.resolve("data/items.tsv");
    Files.writeString(titles, Files.readString(titles).replaceFirst("\\t", "\tThe "));
    Called called = Called.with(SmallRun.pruneWithLlm(folder));
    assertEquals(0, called.code(), called.toString());
    assertEquals(List.of("score-effort", "select", "report"), ranAgain());
    assertTrue(called.err().contains("score-effort: again, because of data/items.tsv"));
  }

  @Test
  void aDamagedSegmentFileIsScoredAgainFromTheDamageOn() throws IOException {
    Files.delete(run("effort.csv"));
    Path segments = run("work/effort.segments");
    byte[] bytes = Files.readAllBytes(segments);
    bytes[bytes.length - 9] ^= 1;
    Files.write(segments, bytes);
    Called called = Called.with(SmallRun.pruneWithLlm(folder));
    assertEquals(0, called.code(), called.toString());
    assertSameAsFirst("effort.csv");
    JsonNode units = stage("score-effort").path("units");
    assertEquals(units.path("done").asInt() - 1, units.path("resumed").asInt());
    assertEquals(1, units.path("redone").asInt());
  }

  @Test
  void withoutAModelInfluenceAloneDecidesAndTheRunSaysSo() throws IOException {
    Called called = Called.with(SmallRun.prune(folder));
    assertEquals(0, called.code(), called.toString());
    assertTrue(called.err().contains("pruned by influence alone"), called.toString());
    assertTrue(called.out().contains("pruned by influence alone"), called.toString());
    assertTrue(Files.readString(run("report.html")).contains("pruned by influence alone"));
    assertEquals("unused", stage("score-effort").path("state").asText());
    assertEquals(List.of("select", "report"), ranAgain());
    Called both = Called.with(SmallRun.pruneWithLlm(folder));
    assertEquals(0, both.code(), both.toString());
    assertSameAsFirst("selection.txt");
    JsonNode units = stage("score-effort").path("units");
    assertEquals(units.path("done"), units.path("begun"), "nothing is scored again");
  }

  @Test
  void refusesAFolderThatIsNoRun() throws IOException {
    Path other = Files.createDirectories(folder.resolve("other"));
    Files.writeString(other.resolve("letter.txt"), "");
    List<String> args = SmallRun.prune(folder);
    args.set(args.indexOf("--out") + 1, other.toString());
    Called called = Called.with(args);
    assertEquals(2, called.code(), called.toString());
    assertTrue(called.reason().contains("holds letter.txt"), called.toString());
    assertFalse(Files.exists(other.resolve("work")));
  }

  private Path run(String name) {
    return folder.resolve("run").resolve(name);
  }

  private static JsonNode manifest(Path folder) throws IOException {
    return new ObjectMapper().readTree(folder.resolve("run/run.json").toFile());
  }

  private JsonNode stage(String name) throws IOException {
    return manifest(folder).path("stages").path(name);
  }

  private void assertSameAsFirst(String name) throws IOException {
    byte[] before = Files.readAllBytes(finished.resolve("run").resolve(name));
    assertArrayEquals(before, Files.readAllBytes(run(name)), name);
  }

  /** Finished stages whose record differs from that of the finished run. */
  private List<String> ranAgain() throws IOException {
    List<String> again = new ArrayList<>();
    for (String name : STAGES) {
      JsonNode old = manifest(finished).path("stages").path(name);
      JsonNode now = stage(name);
      if (!now.equals(old) && now.path("state").asText().equals("finished")) {
        again.add(name);
      }
    }
    return again;
  }
}
