// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.coppice.pipeline.demo.SmallRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A run that is killed at any moment and started again gives the same selection, does no finished
 * stage again and at most one unit of work.
 */
@Timeout(300)
class KillTest {
  private static final int MOMENTS = 20;
  private static final long SEED = 20;
  private static final List<String> STAGES =
      List.of("train-surrogate", "score-influence", "score-effort", "select", "report");
  private static final List<String> RESULTS =
      List.of("selection.txt", "influence.csv", "effort.csv", "surrogate.safetensors");

  @TempDir Path folder;

  private List<String> arguments(String run) {
    List<String> args = SmallRun.pruneWithLlm(folder, "--quiet");
    args.set(args.indexOf("--out") + 1, folder.resolve(run).toString());
    return args;
  }

  @Test
  void givesTheSameResultAfterBeingKilledAtTwentyMoments()
      throws IOException, InterruptedException {
    SmallRun.write(folder, 60);
    Called whole = Called.with(arguments("whole"));
    assertEquals(0, whole.code(), whole.toString());
    int begins = (int) begun(folder.resolve("whole"));
    Random random = new Random(SEED);
    Set<String> interrupted = new HashSet<>();
    for (int moment = 0; moment < MOMENTS; moment++) {
      int begin = moment * (begins + 1) / MOMENTS; // 0: before the first unit
      long millis = random.nextInt(30);
      String name = "killed" + moment;
      String when =
          "seed " + SEED + ", moment " + moment + ": " + millis + " ms after unit " + begin;
      interrupted.add(killAt(name, begin, millis));
      assertGoesOn(name, when);
    }
    assertTrue(interrupted.containsAll(STAGES.subList(0, 4)), "killed only in " + interrupted);
  }

  /** Starts a run and kills it; the first stage that is not finished then. */
  private String killAt(String name, int begin, long millis)
      throws IOException, InterruptedException {
    Path run = folder.resolve(name);
    try (Spawned running = Spawned.start(folder, arguments(name))) {
      Path lock = run.resolve("work/lock");
      while (running.isAlive() && (!Files.exists(lock) || begun(run) < begin)) {
        Thread.sleep(1);
      }
      Thread.sleep(millis);
      running.kill();
      assertEquals("", running.err());
    }
    for (String stage : STAGES) {
      if (!Files.exists(run.resolve("run.json")) || !isFinished(manifest(run), stage)) {
        return stage;
      }
    }
    return "none";
  }

  private void assertGoesOn(String name, String when) throws IOException {
    Path run = folder.resolve(name);
    Path json = run.resolve("run.json");
    JsonNode before = Files.exists(json) ? manifest(run) : new ObjectMapper().createObjectNode();
    Called again = Called.with(arguments(name));
    assertEquals(0, again.code(), when + "\n" + again);
    for (String result : RESULTS) {
      byte[] expected = Files.readAllBytes(folder.resolve("whole").resolve(result));
      assertArrayEquals(expected, Files.readAllBytes(run.resolve(result)), result + ", " + when);
    }
    JsonNode after = manifest(run);
    JsonNode whole = manifest(folder.resolve("whole"));
    int redone = 0;
    for (String stage : STAGES) {
      JsonNode units = after.path("stages").path(stage).path("units");
      JsonNode expected = whole.path("stages").path(stage).path("units");
      assertTrue(isFinished(after, stage), stage + ", " + when);
      assertEquals(expected.path("done"), units.path("done"), stage + ", " + when);
      assertEquals(
          units.path("done").asInt() + units.path("redone").asInt(),
          units.path("begun").asInt(),
          stage + ", " + when);
      redone += units.path("redone").asInt();
      if (isFinished(before, stage)) {
        assertEquals(
            before.path("stages").path(stage),
            after.path("stages").path(stage),
            stage + " was finished and ran again, " + when);
      }
    }
    assertTrue(redone <= 1, redone + " units redone, " + when);
  }

  private static boolean isFinished(JsonNode manifest, String stage) {
    return manifest.path("stages").path(stage).path("state").asText().equals("finished");
  }

  private static long begun(Path run) throws IOException {
    Path log = run.resolve("work/units.log");
    return Files.exists(log)
        ? Files.readString(log).lines().filter(line -> line.endsWith(" begin")).count()
        : 0;
  }

  private static JsonNode manifest(Path run) throws IOException {
    return new ObjectMapper().readTree(run.resolve("run.json").toFile());
  }
}
