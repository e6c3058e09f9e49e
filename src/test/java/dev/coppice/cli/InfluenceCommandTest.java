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
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code score influence} tells how much the curvature mattered, and takes relative dampings. */
class InfluenceCommandTest {
  @TempDir static Path folder;

  @BeforeAll
  static void train() throws IOException {
    SmallRun.write(folder, 60);
    Called called =
        Called.with(
            List.of(
                "train",
                "--data",
                folder.resolve("data").toString(),
                "--out",
                folder.resolve("surrogate.safetensors").toString(),
                "--epochs",
                "3",
                "--hidden",
                "8",
                "--max-len",
                "10",
                "--threads",
                "1"));
    assertEquals(0, called.code(), called.toString());
  }

  private static Called score(String name, String... more) {
    List<String> args = new ArrayList<>(List.of("score", "influence", "--threads", "1"));
    args.addAll(List.of("--data", folder.resolve("data").toString()));
    args.addAll(List.of("--surrogate", folder.resolve("surrogate.safetensors").toString()));
    args.addAll(List.of("--out", folder.resolve(name).toString()));
    args.addAll(List.of(more));
    Called called = Called.with(args);
    assertEquals(0, called.code(), called.toString());
    return called;
  }

  private static JsonNode facts(Called called) throws IOException {
    return new ObjectMapper().readTree(called.lastLine());
  }

  @Test
  void theTableAndTheJsonTellTheSame() throws IOException {
    JsonNode report = facts(score("a.csv", "--json")).path("curvatureReport");
    List<String> lines = score("b.csv").out().lines().toList();
    assertEquals(8, report.path("rows").size(), report.toString());
    int line = 0;
    while (!lines.get(line).startsWith("influence against")) {
      line++;
    }
    String head = "top " + report.path("top").asInt() + " shared  residual";
    assertTrue(lines.get(line + 1).endsWith(head), lines.get(line + 1));
    int used = 0;
    for (JsonNode row : report.path("rows")) {
      String text = lines.get(line + 2 + used++);
      assertEquals(row.path("used").asBoolean(), text.startsWith("*"), text);
      assertTrue(text.contains(row.path("curvature").asText()), text);
      String correlation =
          row.has("spearman")
              ? String.format("%.4f", row.path("spearman").asDouble())
              : "indefinite";
      assertTrue(text.contains(correlation), text);
      if (row.has("residual")) {
        assertTrue(text.endsWith(String.format("%.1e", row.path("residual").asDouble())), text);
      }
    }
    assertTrue(report.path("spectra").path("hessian").path("largest").asDouble() > 0);
  }

  @Test
  void aMultipleIsTheSameAsItsNumber() throws IOException {
    JsonNode relative = facts(score("relative.csv", "--damping", "0.5x", "--json"));
    double damping = relative.path("damping").asDouble();
    double largest =
        relative.path("curvatureReport").path("spectra").path("hessian").path("largest").asDouble();
    assertEquals(0.5 * largest, damping, 1e-5 * damping);
    score("absolute.csv", "--damping", Double.toString(damping));
    assertSame("relative.csv", "absolute.csv");
  }

  @Test
  void withoutTheReportTheScoresAreTheSame() throws IOException {
    score("with.csv");
    Called called = score("without.csv", "--curvature-report", "false", "--json");
    assertFalse(facts(called).has("curvatureReport"));
    assertSame("with.csv", "without.csv");
  }

  @Test
  void aConfigurationFileTakesBoth() throws IOException {
    Path file = folder.resolve("config.yaml");
    Files.writeString(file, "damping: 0.5x\ncurvature-report: false\n");
    score("config.csv", "--config", file.toString());
    score("line.csv", "--damping", "0.5x");
    assertSame("line.csv", "config.csv");
  }

  private static void assertSame(String one, String other) throws IOException {
    assertArrayEquals(
        Files.readAllBytes(folder.resolve(one)), Files.readAllBytes(folder.resolve(other)));
  }
}
