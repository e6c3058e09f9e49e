// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.coppice.pipeline.demo.SmallRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What happens where a device is missing or a computation fails. */
class EnvironmentTest {
  @TempDir Path folder;

  @Test
  void aMissingDeviceIsNamedAndNoOtherTakesItsPlace() throws IOException {
    JsonNode cuda = new ObjectMapper().readTree(Called.with("doctor", "--json").out());
    boolean there = cuda.path("backends").get(1).path("available").asBoolean();
    SmallRun.write(folder, 40);
    Called asked = Called.with(SmallRun.prune(folder, "--backend", "cuda"));
    assertEquals(there ? 0 : 4, asked.code(), asked.toString());
    if (!there) {
      assertTrue(asked.reason().startsWith("cuda is not available: "), asked.toString());
      assertFalse(Files.exists(folder.resolve("run")));
      Called auto = Called.with(SmallRun.prune(folder, "--backend", "auto"));
      assertEquals(0, auto.code(), auto.toString());
      assertTrue(auto.err().contains("backend cpu: the fastest"), auto.toString());
      assertTrue(auto.err().contains(asked.reason()), "says why not cuda: " + auto);
    }
  }

  @Test
  void aComputationThatFailsIsExitFiveAndSaysWhatToChange() throws IOException {
    SmallRun.write(folder, 40);
    List<String> args =
        SmallRun.prune(folder, "--solver", "lissa", "--lissa-scale", "1e-9", "--damping", "0");
    Called called = Called.with(args);
    assertEquals(5, called.code(), called.toString());
    assertFalse(called.reason().contains("internal error"), called.toString());
    assertTrue(called.reason().contains("scale"), called.toString());
    JsonNode manifest = new ObjectMapper().readTree(folder.resolve("run/run.json").toFile());
    assertEquals("failed", manifest.path("state").asText());
    assertEquals(
        "finished", manifest.path("stages").path("train-surrogate").path("state").asText());
    assertFalse(Files.exists(folder.resolve("run/selection.txt")));
  }

  @Test
  void everyLineOfJsonOutputIsAnEvent() throws IOException {
    SmallRun.write(folder, 40);
    Called called = Called.with(SmallRun.prune(folder, "--json", "--quiet"));
    assertEquals(0, called.code(), called.toString());
    assertEquals("", called.err());
    ObjectMapper mapper = new ObjectMapper();
    for (String line : called.out().lines().toList()) {
      assertFalse(mapper.readTree(line).path("event").asText().isEmpty(), line);
    }
    JsonNode done = mapper.readTree(called.lastLine());
    assertEquals("done", done.path("event").asText());
    assertTrue(Files.exists(Path.of(done.path("report").asText())));
  }
}
