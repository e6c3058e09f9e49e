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
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code coppice validate}: tables, going on, and refusals. */
@Timeout(120)
class ValidateTest {
  @TempDir Path folder;

  @BeforeEach
  void makeData() throws IOException {
    SmallRun.data(folder.resolve("data"), 60);
  }

  private List<String> arguments(String out, String... more) {
    List<String> args = new ArrayList<>(List.of("validate"));
    args.addAll(List.of("--data", folder.resolve("data").toString()));
    args.addAll(List.of("--out", folder.resolve(out).toString()));
    args.addAll(List.of("--users", "40", "--epochs", "3", "--batch", "16", "--hidden", "8"));
    args.addAll(List.of("--max-len", "10", "--subsets", "6", "--groups", "2", "--threads", "1"));
    args.addAll(List.of("--damping", "0.25,0.010x", "--bootstrap", "200"));
    args.addAll(List.of(more));
    return args;
  }

  private JsonNode result(String out) throws IOException {
    return new ObjectMapper().readTree(folder.resolve(out).resolve("validate.json").toFile());
  }

  /** Contents of the files of retrainings by name. */
  private Map<String, String> retrainings(String out) throws IOException {
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> all = Files.list(folder.resolve(out).resolve("work"))) {
      for (Path file : all.filter(path -> path.toString().endsWith(".json")).toList()) {
        files.put(file.getFileName().toString(), Files.readString(file));
      }
    }
    return files;
  }

  @Test
  void comparesScoresWithRetraining() throws IOException {
    Called called = Called.with(arguments("v", "--repeats", "2"));
    assertEquals(0, called.code(), called.toString());
    JsonNode result = result("v");
    assertEquals(40, result.path("configuration").path("users").asInt());
    assertEquals(2, result.path("configuration").path("k").asInt());
    List<String> scores = new ArrayList<>();
    for (JsonNode row : result.path("datastore_score")) {
      scores.add(row.path("score").asText());
      for (String loss : List.of("train_loss", "valid_loss")) {
        JsonNode cell = row.path(loss);
        assertTrue(cell.path("low").asDouble() <= cell.path("lds").asDouble(), row.toString());
        assertTrue(cell.path("lds").asDouble() <= cell.path("high").asDouble(), row.toString());
        assertTrue(called.out().contains(row.path("score").asText()), called.out());
      }
    }
    assertEquals(
        List.of(
            "influence last-dense hessian 0.25",
            "influence last-dense hessian 0.25, by transitions",
            "influence last-dense hessian 0.01x",
            "influence last-dense hessian 0.01x, by transitions",
            "gradient dot last-dense",
            "gradient norm last-dense",
            "loss",
            "transitions",
            "random"),
        scores);
    assertSets(result);
    JsonNode full = result.path("full");
    assertTrue(full.path("train_loss").asDouble() < 2 * Math.log(2), full.toString());
    assertTrue(result.path("agreement").path("train_loss").isNumber());
  }

  /** Every set is there, halves are halves, and means and changes are those of the sets. */
  private static void assertSets(JsonNode result) {
    Map<String, JsonNode> sets = new TreeMap<>();
    result.path("sets").forEach(set -> sets.put(set.path("set").asText(), set));
    assertEquals(1 + 6 + 2 + 2 * 6, sets.size());
    assertEquals(20, sets.get("subset 5").path("removed").asInt());
    assertEquals(2, sets.get("top of loss").path("removed").asInt());
    double full = mean(sets.get("nothing").path("train_loss"));
    assertEquals(full, result.path("full").path("train_loss").asDouble(), 1e-15);
    for (JsonNode row : result.path("left_out")) {
      JsonNode set = sets.get(row.path("removed").asText());
      assertEquals(2, set.path("train_loss").size());
      assertEquals(mean(set.path("train_loss")) - full, row.path("train_loss").asDouble(), 1e-15);
      boolean predicts = row.path("removed").asText().contains("influence");
      assertEquals(predicts, row.path("predicted").isNumber(), row.toString());
    }
    String best = "influence last-dense hessian 0.25";
    double top = sets.get("top of " + best).path("predicted").path(best).asDouble();
    double bottom = sets.get("bottom of " + best).path("predicted").path(best).asDouble();
    double group = sets.get("group 0").path("predicted").path(best).asDouble();
    assertTrue(top > group && group > bottom, top + " " + group + " " + bottom);
  }

  private static double mean(JsonNode values) {
    double sum = 0;
    for (JsonNode value : values) {
      sum += value.asDouble();
    }
    return sum / values.size();
  }

  @Test
  void isKilledAndGoesOnToTheSameResult() throws IOException, InterruptedException {
    assertEquals(0, Called.with(arguments("whole")).code());
    byte[] expected = Files.readAllBytes(folder.resolve("whole/validate.json"));
    for (int done : new int[] {0, 1, 9}) {
      String out = "killed" + done;
      try (Spawned running = Spawned.start(folder, arguments(out, "--quiet"))) {
        Path work = folder.resolve(out).resolve("work");
        while (running.isAlive()
            && (!Files.exists(work.resolve("lock")) || retrainings(out).size() < done)) {
          Thread.sleep(1);
        }
        running.kill();
      }
      Map<String, String> kept = retrainings(out);
      Called again = Called.with(arguments(out));
      assertEquals(0, again.code(), again.toString());
      assertArrayEquals(
          expected, Files.readAllBytes(folder.resolve(out).resolve("validate.json")), out);
      Map<String, String> after = retrainings(out);
      kept.forEach((name, text) -> assertEquals(text, after.get(name), "not trained again"));
      assertEquals(retrainings("whole").keySet(), after.keySet());
    }
  }

  @Test
  void stopsInOrderWhenToldTo() throws IOException, InterruptedException {
    List<String> args = arguments("v");
    args.set(args.indexOf("--epochs") + 1, "1000000");
    try (Spawned running = Spawned.start(folder, args)) {
      while (running.isAlive() && !running.err().contains("training on all samples")) {
        Thread.sleep(1);
      }
      Called second = Called.with(args);
      assertEquals(2, second.code(), second.toString());
      assertTrue(second.reason().contains("another run is at work"), second.toString());
      running.terminate();
      assertEquals(75, running.join(), running.err());
      assertTrue(running.err().contains("run the same command again to go on"), running.err());
      assertEquals("", running.out());
    }
    assertFalse(Files.exists(folder.resolve("v/validate.json")));
  }

  @Test
  void moreSubsetsAndScoresKeepWhatIsRetrained() throws IOException {
    assertEquals(0, Called.with(arguments("v")).code());
    Map<String, String> before = retrainings("v");
    List<String> more = arguments("v", "--curvature", "hessian,gauss-newton");
    more.set(more.indexOf("--subsets") + 1, "8");
    Called called = Called.with(more);
    assertEquals(0, called.code(), called.toString());
    Map<String, String> after = retrainings("v");
    before.forEach((name, text) -> assertEquals(text, after.get(name), "not trained again"));
    assertTrue(after.size() >= before.size() + 2, before.size() + " and " + after.size());
    List<String> other = arguments("v");
    other.set(other.indexOf("--epochs") + 1, "2");
    assertEquals(0, Called.with(other).code());
    assertTrue(retrainings("v").size() > after.size() + 10, "other epochs are other trainings");
  }

  @Test
  void takesEveryParameterSet() throws IOException {
    Called called = Called.with(arguments("v", "--params", "last-dense,last-block,all"));
    assertEquals(0, called.code(), called.toString());
    List<String> scores = new ArrayList<>();
    result("v").path("datastore_score").forEach(row -> scores.add(row.path("score").asText()));
    for (String params : List.of("last-dense", "last-block", "all")) {
      assertTrue(scores.contains("influence " + params + " hessian 0.25"), scores.toString());
      assertTrue(scores.contains("gradient dot " + params), scores.toString());
    }
    JsonNode all =
        result("v").path("datastore_score").get(scores.indexOf("influence all hessian 0.25"));
    assertTrue(all.path("train_loss").has("above_gradient_dot"), all.toString());
    JsonNode predicted = result("v").path("sets").get(1).path("predicted");
    Set<String> values = new TreeSet<>();
    scores.stream()
        .filter(name -> name.startsWith("influence"))
        .forEach(name -> values.add(predicted.path(name).asText()));
    assertEquals(12, values.size(), "each score is its own: " + predicted);
    JsonNode facts = result("v").path("scores");
    assertEquals(0.25, facts.path("influence all hessian 0.25").path("damping").asDouble());
    assertTrue(facts.path("influence all hessian 0.01x").path("damping").asDouble() < 0.25);
  }

  @Test
  void takesSeveralSolvers() throws IOException {
    List<String> args =
        arguments(
            "v",
            "--solver",
            "cg,ekfac",
            "--params",
            "last-dense,all",
            "--curvature",
            "gauss-newton");
    Called called = Called.with(args);
    assertEquals(0, called.code(), called.toString());
    JsonNode scores = result("v").path("scores");
    assertEquals("cg", scores.path("influence all gauss-newton 0.25").path("solver").asText());
    assertEquals(
        "ekfac", scores.path("influence all gauss-newton 0.25 ekfac").path("solver").asText());
    assertTrue(scores.has("influence last-dense gauss-newton 0.25"), scores.toString());
    assertFalse(scores.has("influence last-dense gauss-newton 0.25 ekfac"), scores.toString());
    args.set(args.indexOf("last-dense,all"), "last-dense");
    Called refused = Called.with(args);
    assertEquals(2, refused.code(), refused.toString());
    assertTrue(refused.reason().contains("--solver ekfac needs"), refused.toString());
  }

  @Test
  void threadsChangeNoBit() throws IOException {
    assertEquals(0, Called.with(arguments("one")).code());
    List<String> args = arguments("two");
    args.set(args.indexOf("--threads") + 1, "2");
    assertEquals(0, Called.with(args).code());
    for (String table : List.of("sets", "datastore_score", "left_out", "scores", "full")) {
      assertEquals(result("one").path(table), result("two").path(table), table);
    }
  }

  @Test
  void tellsJsonAndMeasuresTheTrainLossAloneWithoutValidationItems() throws IOException {
    Path valid = folder.resolve("data/valid.txt");
    Files.write(valid, Files.readAllLines(valid).stream().map(line -> line.split(" ")[0]).toList());
    Called called = Called.with(arguments("v", "--json", "--quiet"));
    assertEquals(0, called.code(), called.toString());
    assertEquals("", called.err());
    JsonNode done = new ObjectMapper().readTree(called.lastLine());
    assertEquals("done", done.path("event").asText(), called.lastLine());
    JsonNode row = done.path("datastore_score").path(0);
    assertTrue(row.path("train_loss").path("lds").isNumber(), row.toString());
    assertFalse(row.has("valid_loss"), row.toString());
    assertEquals(folder.resolve("v/validate.json").toString(), done.path("out").asText());
  }

  @ParameterizedTest(name = "{0} {1}")
  @CsvSource({
    "--users, 1",
    "--subsets, 3",
    "--groups, -1",
    "--k, 0",
    "--repeats, 0",
    "--bootstrap, 99",
    "--damping, '0.1,-1'",
    "--damping, x",
    "--params, 'all,some'",
    "--curvature, fisher",
    "--solver, newton",
    "--tolerance, 0",
    "--epochs, 0",
    "--dropout, 1",
    "--patience, 3",
    "--eval-every, 3"
  })
  void namesTheOption(String option, String value) {
    List<String> args = arguments("v");
    int at = args.indexOf(option);
    if (at < 0) {
      args.addAll(List.of(option, value));
    } else {
      args.set(at + 1, value);
    }
    Called called = Called.with(args);
    assertEquals(2, called.code(), called.toString());
    assertTrue(called.reason().contains(option), called.toString());
    assertFalse(Files.exists(folder.resolve("v")));
  }

  @ParameterizedTest(name = "{0} {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "--users | 5000 | 5000 users asked for",
        "--k | 40 | leaves none of 40 users",
      })
  void refusesMoreThanThereIs(String option, String value, String part) {
    List<String> args = arguments("v");
    int at = args.indexOf(option);
    if (at < 0) {
      args.addAll(List.of(option, value));
    } else {
      args.set(at + 1, value);
    }
    Called called = Called.with(args);
    assertEquals(3, called.code(), called.toString());
    assertTrue(
        called.reason().startsWith(folder.resolve("data/train.txt") + ": "), called.reason());
    assertTrue(called.reason().contains(part), called.reason());
    assertFalse(Files.exists(folder.resolve("v")));
  }

  @Test
  void refusesAFolderThatHoldsSomethingElse() throws IOException {
    Files.createDirectories(folder.resolve("v"));
    Files.writeString(folder.resolve("v/run.json"), "{}");
    Called called = Called.with(arguments("v"));
    assertEquals(2, called.code(), called.toString());
    assertTrue(called.reason().contains("holds run.json and is no folder of a validation"));
    assertFalse(Files.exists(folder.resolve("v/work")));
  }
}
