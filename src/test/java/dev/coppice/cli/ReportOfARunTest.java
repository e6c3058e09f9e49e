// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.coppice.data.Scores;
import dev.coppice.io.ScoreCsv;
import dev.coppice.pipeline.demo.SmallRun;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The report and the tables of a real run hold the numbers of its CSV files. */
class ReportOfARunTest {
  private static final Pattern DATA =
      Pattern.compile("<script type=\"application/json\" id=\"coppice-data\">(.*?)</script>");

  @TempDir static Path folder;
  private static JsonNode page;
  private static Scores influence;
  private static Scores effort;
  private static List<Integer> selected;

  @BeforeAll
  static void run() throws IOException {
    SmallRun.write(folder, 80);
    Called called = Called.with(SmallRun.pruneWithLlm(folder, "--lambda", "0.7"));
    assertEquals(0, called.code(), called.toString());
    Matcher found = DATA.matcher(Files.readString(file("report.html")));
    assertTrue(found.find(), "no data block");
    page = new ObjectMapper().readTree(found.group(1));
    influence = ScoreCsv.read(file("influence.csv"));
    effort = ScoreCsv.read(file("effort.csv"));
    selected = Files.readAllLines(file("selection.txt")).stream().map(Integer::valueOf).toList();
  }

  private static Path file(String name) {
    return folder.resolve("run").resolve(name);
  }

  @Test
  void theReportHasTheScoresOfTheCsvFiles() {
    JsonNode rows = page.path("rows");
    assertEquals(influence.size(), rows.path("sample").size());
    double[] low = {min(influence, "influence"), min(effort, "effort")};
    double[] range = {
      max(influence, "influence") - low[0], max(effort, "effort") - low[1],
    };
    for (int row = 0; row < influence.size(); row++) {
      assertEquals(influence.samples()[row], rows.path("sample").get(row).asInt());
      double i = influence.column("influence")[row];
      double e = effort.column("effort")[effort.indexOf(influence.samples()[row])];
      assertEquals(i, rows.path("influence").get(row).asDouble());
      assertEquals(e, rows.path("effort").get(row).asDouble());
      double overall = (i - low[0]) / range[0] + 0.7 * ((e - low[1]) / range[1]);
      assertEquals(overall, rows.path("overall").get(row).asDouble(), 1e-12);
    }
  }

  @Test
  void theReportHasTheCurvatureOfTheManifest() throws IOException {
    JsonNode solution =
        new ObjectMapper()
            .readTree(file("run.json").toFile())
            .path("stages")
            .path("score-influence")
            .path("facts")
            .path("solution");
    JsonNode told = solution.path("curvatureReport");
    JsonNode shown = page.path("curvature");
    assertEquals(told.path("rows"), shown.path("rows"));
    assertEquals(told.path("top"), shown.path("top"));
    JsonNode spectrum = shown.path("spectra").get(0);
    for (String name : List.of("largest", "smallest", "largestError", "nodes", "weights")) {
      assertEquals(told.path("spectra").path("hessian").path(name), spectrum.path(name), name);
    }
    assertEquals(solution.path("damping"), page.path("influence").path("damping"));
  }

  @Test
  void theReportHasTheSelectionAndWhatLedToIt() throws IOException {
    JsonNode ids = page.path("selected");
    assertEquals(selected.size(), ids.size());
    for (int k = 0; k < ids.size(); k++) {
      assertEquals(selected.get(k), ids.get(k).asInt());
    }
    JsonNode stages = new ObjectMapper().readTree(file("run.json").toFile()).path("stages");
    assertEquals(
        stages.path("train-surrogate").path("facts").path("kept_epoch").asInt(),
        page.path("surrogate").path("keptEpoch").asInt());
    assertEquals(
        stages.path("select").path("facts").path("stratum_counts"),
        page.path("strata").path("counts"));
    assertEquals(
        stages.path("score-effort").path("seconds").asDouble(),
        page.path("stages").get(2).path("seconds").asDouble());
    String text = Files.readString(file("report.html"));
    assertTrue(text.contains("--lambda 0.7"), "the command that repeats the run");
    assertTrue(text.contains("1 training item, so no next-item target"), "the unscorable ones");
  }

  @Test
  void parquetAndArraysHaveAllScoresByTheirSample() throws IOException, SQLException {
    double[] losses = doubles("surrogate_loss.npy");
    assertEquals(80, losses.length);
    int sample = 0;
    try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT sample, surrogate_loss, tokens, selected, influence, grad_norm, effort,"
                    + " llm_loss, overall, stratum FROM read_parquet('"
                    + file("scores.parquet")
                    + "') ORDER BY sample")) {
      for (; row.next(); sample++) {
        int scored = influence.indexOf(sample);
        assertEquals(sample, row.getInt(1));
        double loss = row.getDouble(2);
        assertEquals(scored < 0, row.wasNull());
        assertEquals(scored < 0 ? Double.NaN : loss, losses[sample]);
        assertEquals(selected.contains(sample), row.getBoolean(4));
        if (scored >= 0) {
          assertEquals(influence.column("loss")[scored], loss);
          assertEquals((int) effort.column("tokens")[scored], row.getInt(3));
          assertEquals(effort.column("loss")[scored], row.getDouble(8));
        }
      }
    }
    assertEquals(80, sample);
  }

  /** The float64 array in a file of NumPy's format, version 1.0. */
  private static double[] doubles(String name) throws IOException {
    ByteBuffer bytes =
        ByteBuffer.wrap(Files.readAllBytes(file(name))).order(ByteOrder.LITTLE_ENDIAN);
    bytes.position(10 + bytes.getShort(8));
    double[] values = new double[bytes.remaining() / Double.BYTES];
    bytes.asDoubleBuffer().get(values);
    return values;
  }

  private static double min(Scores scores, String column) {
    return Arrays.stream(scores.column(column)).min().orElseThrow();
  }

  private static double max(Scores scores, String column) {
    return Arrays.stream(scores.column(column)).max().orElseThrow();
  }
}
