// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.coppice.score.LargeModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The anonymous memory that a run has at its peak, looked at from outside, is the one that was
 * planned: in a process of its own, with the options of the launcher.
 */
@EnabledOnOs(OS.LINUX)
@Timeout(300)
class PlannedMemoryTest {
  private static final Pattern ANONYMOUS = Pattern.compile("RssAnon:\\s+(\\d+) kB");
  private static final int VOCABULARY = 512;

  @TempDir Path folder;

  /** What a process said at its end, and how much memory it had. */
  private record Ran(JsonNode done, long peak) {}

  @BeforeEach
  void writeModel() throws IOException {
    LargeModel.write(folder.resolve("llm"), LargeModel.config(VOCABULARY, 256, 128, 2));
    Random random = new Random(5);
    String common = ints(random, 20);
    List<String> lines = new ArrayList<>();
    for (int sample = 0; sample < 400; sample++) {
      String own = ints(random, 60 + random.nextInt(80));
      lines.add("{\"input_ids\": [" + common + "," + own + "]}");
    }
    Files.write(folder.resolve("samples.jsonl"), lines);
  }

  private static String ints(Random random, int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> Integer.toString(random.nextInt(VOCABULARY)))
        .collect(Collectors.joining(","));
  }

  private Ran run(List<String> command, String memory, String params)
      throws IOException, InterruptedException {
    List<String> args = new ArrayList<>(command);
    args.addAll(List.of("--samples", folder.resolve("samples.jsonl").toString()));
    args.addAll(List.of("--llm", folder.resolve("llm").toString(), "--cutoff", "256"));
    args.addAll(List.of("--memory", memory, "--effort-params", params));
    args.addAll(List.of("--threads", "2", "--json", "--quiet"));
    long peak = 0;
    try (Spawned running = Spawned.startAsLaunched(folder, args)) {
      do {
        peak = Math.max(peak, anonymous(running.pid()));
      } while (!running.endsWithin(2));
      assertEquals(0, running.join(), running.err());
      List<String> lines = running.out().lines().toList();
      return new Ran(new ObjectMapper().readTree(lines.get(lines.size() - 1)), peak);
    }
  }

  private static long anonymous(long pid) throws IOException {
    try {
      Matcher matcher = ANONYMOUS.matcher(Files.readString(Path.of("/proc/" + pid + "/status")));
      return matcher.find() ? Long.parseLong(matcher.group(1)) << 10 : 0;
    } catch (NoSuchFileException ended) {
      return 0;
    }
  }

  private static void assertWithin(double share, long expected, JsonNode actual, String what) {
    double difference = Math.abs(actual.asLong() / (double) expected - 1);
    assertTrue(
        difference <= share,
        what + ": " + actual.asLong() / 1e6 + " MB, measured " + expected / 1e6 + " MB");
  }

  @ParameterizedTest
  @CsvSource({
    "24MiB, last-v-lora-b",
    "24MiB, all-lora",
    "512MiB, last-v-lora-b",
    "512MiB, all-lora"
  })
  void isTheOneThatTheRunPlans(String memory, String params)
      throws IOException, InterruptedException {
    String out = folder.resolve("effort.csv").toString();
    Ran ran = run(List.of("score", "effort", "--out", out), memory, params);
    assertWithin(0.1, ran.peak, ran.done.path("peak_bytes_planned"), "planned");
    assertWithin(0.05, ran.peak, ran.done.path("peak_bytes"), "as the run saw it");
    Ran planned = run(List.of("plan"), memory, params);
    assertWithin(0.1, ran.peak, planned.done.path("peak_bytes"), "planned by itself");
    assertTrue(planned.done.path("workspace_bytes").asLong() <= bytes(memory), memory);
  }

  @Test
  void dependsOnTheBudget() throws IOException, InterruptedException {
    long little = run(List.of("plan"), "24MiB", "all-lora").done.path("peak_bytes").asLong();
    long much = run(List.of("plan"), "512MiB", "all-lora").done.path("peak_bytes").asLong();
    assertTrue(much > 1.5 * little, "the test would see nothing: " + little + ", " + much);
  }

  private static long bytes(String memory) {
    return Long.parseLong(memory.replace("MiB", "")) << 20;
  }
}
