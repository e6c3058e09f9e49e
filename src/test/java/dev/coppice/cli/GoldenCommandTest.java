// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.coppice.SharedData;
import dev.coppice.data.Scores;
import dev.coppice.io.ScoreCsv;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands of the command line against golden numbers. */
class GoldenCommandTest {
  private static final double TOLERANCE = 1e-5;

  @TempDir Path folder;
  private Path golden;

  @BeforeEach
  void findGoldenNumbers() {
    Optional<Path> shared = SharedData.root();
    assumeTrue(shared.isPresent(), "no ../shared");
    golden = shared.get().resolve("golden");
  }

  private Scores scored(String... args) {
    List<String> all = new ArrayList<>(List.of(args));
    all.addAll(List.of("--out", folder.resolve("scores.csv").toString()));
    Called called = Called.with(all);
    assertEquals(0, called.code(), called.toString());
    return ScoreCsv.read(folder.resolve("scores.csv"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"direct", "cg"})
  void scoreInfluenceGivesTheExpectedNumbers(String solver) {
    Path small = golden.resolve("influence-small");
    Scores scores =
        scored(
            "score",
            "influence",
            "--data",
            small.resolve("data").toString(),
            "--surrogate",
            small.resolve("surrogate.safetensors").toString(),
            "--solver",
            solver,
            "--damping",
            "0.25");
    Scores expected = ScoreCsv.read(small.resolve("expected.csv"));
    assertArrayEquals(expected.samples(), scores.samples());
    assertEquals(-1, scores.indexOf(3), "sample 3 is unscorable");
    for (String column : List.of("influence", "loss", "grad_norm")) {
      assertClose(column, expected.column(column), scores.column(column));
    }
  }

  @Test
  void scoreEffortTakesTokenisedSamples() throws IOException {
    Path model = golden.resolve("tiny-llama");
    JsonNode expected =
        new ObjectMapper().readTree(model.resolve("expected.json").toFile()).path("samples");
    for (String params : List.of("last-v-lora-b", "all-lora")) {
      Scores scores =
          scored(
              "score", "effort",
              "--samples", model.resolve("samples.jsonl").toString(),
              "--llm", model.toString(),
              "--adapter", model.resolve("adapter").toString(),
              "--effort-params", params);
      String name = params.equals("all-lora") ? "effort_all_lora" : "effort_last_v_lora_B";
      assertEquals(List.of("effort", "loss", "tokens"), List.copyOf(scores.names()));
      assertClose(params, values(expected, name), scores.column("effort"));
      assertClose("loss", values(expected, "loss"), scores.column("loss"));
    }
  }

  private static double[] values(JsonNode samples, String name) {
    return IntStream.range(0, samples.size())
        .mapToDouble(i -> samples.get(i).path(name).doubleValue())
        .toArray();
  }

  @Test
  void scoreEffortTakesADataFolder() throws IOException {
    Path model = golden.resolve("tiny-llama");
    Path games = golden.resolveSibling("data").resolve("games");
    Path few = folder.resolve("few");
    Scores expected = ScoreCsv.read(model.resolve("expected_games_first40.csv"));
    copyFirst(games, few, expected.samples()[expected.size() - 1] + 1);
    Scores scores =
        scored(
            "score", "effort",
            "--data", few.toString(),
            "--llm", model.toString(),
            "--adapter", model.resolve("adapter").toString());
    assertArrayEquals(expected.samples(), scores.samples());
    for (String column : List.of("effort", "loss", "tokens")) {
      assertClose(column, expected.column(column), scores.column(column));
    }
  }

  private static void copyFirst(Path from, Path to, int users) throws IOException {
    Files.createDirectories(to);
    for (String name : List.of("train.txt", "valid.txt", "test.txt")) {
      try (Stream<String> lines = Files.lines(from.resolve(name))) {
        Files.write(to.resolve(name), lines.limit(users).toList());
      }
    }
    Files.copy(from.resolve("items.tsv"), to.resolve("items.tsv"));
    Files.copy(from.resolve("prompt.json"), to.resolve("prompt.json"));
  }

  private static void assertClose(String what, double[] expected, double[] actual) {
    assertEquals(expected.length, actual.length);
    double bound = TOLERANCE * Arrays.stream(expected).map(Math::abs).max().orElseThrow();
    for (int i = 0; i < expected.length; i++) {
      if (!(Math.abs(expected[i] - actual[i]) <= bound)) {
        fail(what + "[" + i + "]: expected " + expected[i] + ", got " + actual[i]);
      }
    }
  }
}
