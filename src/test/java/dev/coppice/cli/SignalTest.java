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
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A run in another process keeps its folder, and stops in order when told to. */
@Timeout(120)
class SignalTest {
  private static final long POLL_MILLIS = 10;

  @TempDir Path folder;

  @Test
  void aSecondRunIsRefusedAndASignalSavesTheUnit() throws IOException, InterruptedException {
    SmallRun.write(folder, 60);
    List<String> endless = SmallRun.prune(folder);
    endless.set(endless.indexOf("--epochs") + 1, "1000000");
    try (Spawned running = Spawned.start(folder, endless)) {
      awaitEpochs(running, "run");
      Called second = Called.with(endless);
      assertEquals(2, second.code(), second.toString());
      assertTrue(second.reason().contains("another run is at work"), second.toString());
      assertTrue(second.reason().contains("process "), second.toString());
      running.terminate();
      assertEquals(75, running.join(), running.err());
      assertTrue(running.err().contains("run the same command again to go on"), running.err());
      assertEquals("", running.out());
    }
    JsonNode manifest = manifest();
    assertEquals("stopped", manifest.path("state").asText());
    JsonNode units = manifest.path("stages").path("train-surrogate").path("units");
    int done = units.path("done").asInt();
    assertTrue(done >= 2);
    assertEquals(done, units.path("begun").asInt(), "the unit at hand was finished");
    try (Spawned again = Spawned.start(folder, endless)) {
      while (again.isAlive() && !again.err().contains("going on after " + done)) {
        Thread.sleep(POLL_MILLIS);
      }
      assertTrue(again.isAlive(), again.err());
      again.terminate();
      assertEquals(75, again.join());
    }
  }

  @Test
  void aCommandThatCannotGoOnEndsAtOnceAndWritesNothing() throws IOException, InterruptedException {
    SmallRun.write(folder, 60);
    Path out = folder.resolve("surrogate.safetensors");
    List<String> args =
        List.of(
            "train",
            "--data",
            folder + "/data",
            "--out",
            out.toString(),
            "--epochs",
            "1000000",
            "--hidden",
            "8");
    try (Spawned running = Spawned.start(folder, args)) {
      while (running.isAlive() && !running.err().contains("train: ")) {
        Thread.sleep(POLL_MILLIS);
      }
      running.terminate();
      assertEquals(128 + 15, running.join(), running.err());
    }
    assertFalse(Files.exists(out));
  }

  @Test
  void whatIsStoppedAndGoesOnGivesTheSameResult() throws IOException, InterruptedException {
    SmallRun.write(folder, 60);
    List<String> args = SmallRun.prune(folder);
    args.set(args.indexOf("--epochs") + 1, "60");
    assertEquals(0, Called.with(args).code());
    byte[] expected = Files.readAllBytes(folder.resolve("run/surrogate.safetensors"));
    byte[] selection = Files.readAllBytes(folder.resolve("run/selection.txt"));
    args.set(args.indexOf("--out") + 1, folder.resolve("stopped").toString());
    try (Spawned running = Spawned.start(folder, args)) {
      awaitEpochs(running, "stopped");
      running.terminate();
      assertEquals(75, running.join(), running.err());
    }
    Called again = Called.with(args);
    assertEquals(0, again.code(), again.toString());
    assertArrayEquals(
        expected, Files.readAllBytes(folder.resolve("stopped/surrogate.safetensors")));
    assertArrayEquals(selection, Files.readAllBytes(folder.resolve("stopped/selection.txt")));
  }

  /** Waits until two epochs are done in a run folder. */
  private void awaitEpochs(Spawned running, String run) throws IOException, InterruptedException {
    Path log = folder.resolve(run).resolve("work/units.log");
    while (running.isAlive() && (!Files.exists(log) || begun(log) < 3)) {
      Thread.sleep(POLL_MILLIS);
    }
    assertTrue(running.isAlive(), running.err());
  }

  private static long begun(Path log) throws IOException {
    return Files.readString(log).lines().filter("train-surrogate begin"::equals).count();
  }

  private JsonNode manifest() throws IOException {
    return new ObjectMapper().readTree(folder.resolve("run/run.json").toFile());
  }
}
