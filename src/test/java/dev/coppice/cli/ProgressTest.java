// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.coppice.pipeline.Progress;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ProgressTest {
  private static final long SECOND = 1_000_000_000L;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream stream = new PrintStream(bytes, true, StandardCharsets.UTF_8);
  private long now;

  private List<String> lines() {
    return bytes.toString(StandardCharsets.UTF_8).lines().toList();
  }

  @Test
  void tellsALineEveryFewSecondsWithRateAndTimeLeft() {
    Progress progress = new ConsoleProgress(stream, false, () -> now);
    try (Progress.Task task = progress.start("train", 100, 300, "epochs")) {
      now = SECOND;
      task.advance(10, "early");
      assertEquals(List.of(), lines());
      now = 4 * SECOND;
      task.advance(30, "loss 0.5");
      now = 5 * SECOND;
      task.advance(1, "soon after");
      assertEquals(
          List.of("train: 140 of 300 epochs, 10.0 epochs/s, 0:16 left, loss 0.5"), lines());
      now = 20 * SECOND;
      task.advance(1, "");
    }
    assertEquals("train: 142 of 300 epochs, 2.10 epochs/s, 1:15 left", lines().get(1));
  }

  @Test
  void drawsABarOnATerminal() {
    Progress progress = new ConsoleProgress(stream, true, () -> now);
    try (Progress.Task task = progress.start("train", 0, 40, "epochs")) {
      task.advance(40, "loss 0.5");
    }
    String drawn = bytes.toString(StandardCharsets.UTF_8);
    assertTrue(drawn.contains("train") && drawn.contains("40/40"), drawn);
    assertTrue(drawn.contains("\r"), "drawn over itself");
  }

  @Test
  void writesEventsAsJsonLines() throws IOException {
    Progress progress = new JsonProgress(stream, Progress.SILENT, () -> now);
    progress.message("a \"word\"");
    progress.event("stage", Map.of("state", "started"));
    try (Progress.Task task = progress.start("train", 0, 3, "epochs")) {
      task.advance(1, ""); // too soon
      now = 2 * SECOND;
      task.advance(1, "");
      task.advance(1, ""); // the end
    }
    ObjectMapper mapper = new ObjectMapper();
    assertEquals("a \"word\"", mapper.readTree(lines().get(0)).path("text").asText());
    assertEquals("started", mapper.readTree(lines().get(1)).path("state").asText());
    JsonNode second = mapper.readTree(lines().get(2));
    assertEquals("progress", second.path("event").asText());
    assertEquals(2, second.path("done").asInt());
    assertEquals(3, mapper.readTree(lines().get(3)).path("done").asInt());
    assertEquals(4, lines().size());
  }
}
