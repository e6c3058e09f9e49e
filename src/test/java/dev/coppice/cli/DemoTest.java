// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demonstration as users start it. */
class DemoTest {
  @TempDir Path folder;

  @Test
  void learnsTheStructureAndTellsWhereTheReportIs() throws IOException {
    Path out = folder.resolve("demo");
    Called called = Called.with("demo", "--out", out.toString());
    assertEquals(0, called.code(), called.toString());
    assertEquals(6, called.out().lines().count(), "five lines and the report: " + called);
    assertEquals(out.resolve("run/report.html").toAbsolutePath().toString(), called.lastLine());
    assertTrue(Files.size(Path.of(called.lastLine())) > 100_000);
    JsonNode facts =
        new ObjectMapper()
            .readTree(out.resolve("run/run.json").toFile())
            .path("stages")
            .path("train-surrogate")
            .path("facts");
    double best = 0;
    for (JsonNode evaluation : facts.path("evaluations")) {
      best = Math.max(best, recallAt10(evaluation.path("valid")));
    }
    double popularity = recallAt10(facts.path("baselines").path("popularity").path("valid"));
    assertTrue(popularity > 0.01, "popularity counts for something: " + popularity);
    assertTrue(best >= 5 * popularity, best + " against popularity's " + popularity);
    assertEquals(100, Files.readAllLines(out.resolve("run/selection.txt")).size());

    Called again = Called.with("demo", "--out", out.toString());
    assertEquals(called.out(), again.out(), "a second start finds everything done");
    assertEquals(5, again.err().lines().filter(line -> line.contains("done before")).count());
  }

  private static double recallAt10(JsonNode metrics) {
    return metrics.path("recall").path("10").asDouble();
  }

  @Test
  void leavesAStrangeFolderAlone() throws IOException {
    Files.writeString(folder.resolve("thesis.tex"), "");
    Called called = Called.with("demo", "--out", folder.toString());
    assertEquals(2, called.code(), called.toString());
    assertTrue(called.reason().contains("holds thesis.tex"), called.toString());
    assertEquals(1, Files.list(folder).count());
  }
}
