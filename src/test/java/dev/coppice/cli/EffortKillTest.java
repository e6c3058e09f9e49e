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
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A run that is killed while it scores effort, amid a macro-batch that takes its time, loses that
 * macro-batch and nothing else.
 */
@Timeout(300)
class EffortKillTest {
  private static final int FEWEST_UNITS = 5;
  private static final double MOST_SECONDS_LOST = 60;
  private static final String BEGIN = "score-effort begin";

  @TempDir Path folder;

  private List<String> arguments(String run) {
    List<String> args = SmallRun.pruneWithLlm(folder, "--quiet");
    args.set(args.indexOf("--memory") + 1, "26MiB");
    args.set(args.indexOf("--out") + 1, folder.resolve(run).toString());
    return args;
  }

  @Test
  void losesOneMacroBatchAndNoBitOfAScore() throws IOException, InterruptedException {
    SmallRun.writeSlow(folder, 100);
    Called whole = Called.with(arguments("whole"));
    assertEquals(0, whole.code(), whole.toString());
    JsonNode stage = stage("whole");
    int units = stage.path("units").path("done").asInt();
    assertTrue(units >= FEWEST_UNITS, stage.toString());
    long unitMillis = (long) (1000 * stage.path("seconds").asDouble() / units);

    int begun = units / 2;
    double lost = killDuring("killed", begun, unitMillis / 2);

    assertTrue(lost <= MOST_SECONDS_LOST, "lost " + lost + " s");
    assertTrue(Files.notExists(folder.resolve("killed/effort.csv")));
    Called again = Called.with(arguments("killed"));
    assertEquals(0, again.code(), again.toString());
    JsonNode after = stage("killed").path("units");
    assertEquals(units, after.path("done").asInt(), after.toString());
    assertEquals(1, after.path("redone").asInt(), after.toString());
    assertTrue(after.path("resumed").asInt() >= begun - 1, after.toString());
    for (String result : List.of("effort.csv", "selection.txt")) {
      assertArrayEquals(bytes("whole", result), bytes("killed", result), result);
    }
  }

  /**
   * Kills a run.
   *
   * @param unit which unit of the effort stage it works on then, counted from 1
   * @param millis after the unit's begin
   * @return seconds of work that are not saved
   */
  private double killDuring(String run, int unit, long millis)
      throws IOException, InterruptedException {
    try (Spawned running = Spawned.start(folder, arguments(run))) {
      while (running.isAlive() && begun(run) < unit) {
        Thread.sleep(1);
      }
      long begin = System.nanoTime();
      Thread.sleep(millis);
      running.kill();
      assertEquals("", running.err());
      return (System.nanoTime() - begin) * 1e-9;
    }
  }

  private long begun(String run) throws IOException {
    Path log = folder.resolve(run).resolve("work/units.log");
    return Files.exists(log) ? Files.readString(log).lines().filter(BEGIN::equals).count() : 0;
  }

  private JsonNode stage(String run) throws IOException {
    Path json = folder.resolve(run).resolve("run.json");
    return new ObjectMapper().readTree(json.toFile()).path("stages").path("score-effort");
  }

  private byte[] bytes(String run, String file) throws IOException {
    return Files.readAllBytes(folder.resolve(run).resolve(file));
  }
}
