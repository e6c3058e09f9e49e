// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Arguments and configuration files: what is wrong is exit 2 and names the option. */
class UsageTest {
  @TempDir Path folder;

  @ParameterizedTest(name = "{0} {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "--epochs | 0",
        "--epochs | many",
        "--eval-every | 0",
        "--patience | -1",
        "--batch | 0",
        "--lr | 0",
        "--lr | NaN",
        "--hidden | 0",
        "--layers | 0",
        "--heads | 3",
        "--max-len | 0",
        "--dropout | 1",
        "--holdout | -1",
        "--solver | newton",
        "--damping | -1",
        "--damping | 0.1xx",
        "--curvature-report | maybe",
        "--tolerance | 0",
        "--curvature | fisher",
        "--params | first-block",
        "--lissa-scale | 0",
        "--lissa-steps | 0",
        "--lissa-batch | 0",
        "--effort-params | layers.(",
        "--cutoff | 1",
        "--loss | none",
        "--memory | big",
        "--memory | 1KiB",
        "--n | 0",
        "--n | 1.5",
        "--lambda | -1",
        "--strata | 0",
        "--hard-prune | 1",
        "--strategy | best",
        "--backend | tpu",
        "--precision | fp16",
        "--threads | 0",
        "--seed | x",
        "--adapter | somewhere",
        "--out | /no/such/folder/run",
        "--out | /dev/null"
      })
  void namesTheOption(String option, String value) {
    List<String> args = new ArrayList<>(List.of("prune", "--data", "d"));
    if (!option.equals("--out")) {
      args.addAll(List.of("--out", folder.resolve("r").toString()));
    }
    args.addAll(List.of(option, value));
    Called called = Called.with(args);
    assertEquals(2, called.code(), called.toString());
    assertTrue(called.reason().contains(option), called.toString());
    assertEquals("", called.out());
    assertEquals(1, called.err().lines().count(), called.toString());
    assertFalse(Files.exists(folder.resolve("r")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void onlyCudaRoundsItsInputs(String backend) {
    Called called =
        Called.with(
            "train", "--data", "d", "--out", "o", "--backend", backend, "--precision", "tf32");
    assertEquals(2, called.code(), called.toString());
    assertTrue(called.reason().contains("--precision is tf32"), called.toString());
    assertTrue(called.reason().contains(backend), called.toString());
    assertTrue(called.reason().contains("give --backend cuda"), called.toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "fly",
        "prune",
        "prune --data d",
        "prune --data d --out r --what",
        "score",
        "score beauty",
        "score influence --data d --out o.csv",
        "score effort --llm m --out o.csv",
        "score effort --data d --samples s --llm m --out o.csv",
        "select --out o",
        "select --scores a.csv --out o --n 3 --n 4",
        "train --data d --out o extra",
        "doctor --threads",
      })
  void refusesWhatIsNoCommand(String line) {
    Called called = Called.with(line.isEmpty() ? List.of() : Arrays.asList(line.split(" ")));
    assertEquals(2, called.code(), called.toString());
    assertEquals("", called.out());
    assertEquals(1, called.err().lines().count(), called.toString());
    assertTrue(called.reason().contains("--help"), called.toString());
  }

  @Test
  void showsVersionAndHelp() {
    Called version = Called.with("--version");
    assertEquals(0, version.code());
    assertTrue(version.out().matches("coppice \\d+\\.\\d+\\.\\d+\\S*\n"), version.out());
    assertEquals("", version.err());
    Called help = Called.with("prune", "--help");
    assertEquals(0, help.code());
    for (String option : List.of("--data", "--lambda", "--lissa-scale", "--memory", "--config")) {
      assertTrue(help.out().contains(option), help.out());
    }
  }

  @Test
  void takesOptionsFromAFileAndLetsTheCommandLineWin() throws IOException {
    Path config = folder.resolve("c.yaml");
    Files.writeString(
        config, "scores: [" + scores("a") + "]\nn: 3\nlambda: 0.5\nquiet: true\nstrata: 2\n");
    String out = folder.resolve("o").toString();
    Called called = Called.with("select", "--config", config.toString(), "--out", out, "--n", "4");
    assertEquals(0, called.code(), called.toString());
    assertEquals(4, Files.readAllLines(Path.of(out)).size());
    assertEquals("", called.err()); // quiet
    Called loud = Called.with("select", "--config=" + config, "--out", out);
    assertEquals(3, Files.readAllLines(Path.of(out)).size(), loud.toString());
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "ns: 3 | unknown key \"ns\"",
        "config: x.yaml | unknown key \"config\"",
        "help: true | unknown key \"help\"",
        "epochs: 3 | unknown key \"epochs\"",
        "n: | key \"n\" needs a value",
        "n: {a: 1} | key \"n\" needs a value",
        "quiet: 3 | key \"quiet\" needs true or false",
        "n: many | --n",
        "n: 0 | --n is 0",
        "n: [3 | is not YAML",
        "n: 3~n: 4 | is not YAML",
        "- n | is no list of keys",
      })
  void namesTheFileAndTheKey(String yaml, String part) throws IOException {
    Path config = folder.resolve("c.yaml");
    Files.writeString(config, yaml.replace('~', '\n'));
    String out = folder.resolve("o").toString();
    Called called =
        Called.with("select", "--scores", scores("a"), "--out", out, "--config", config.toString());
    assertEquals(2, called.code(), called.toString());
    assertTrue(called.reason().startsWith(config.toString() + ":"), called.toString());
    assertTrue(called.reason().contains(part), called.toString());
    assertFalse(Files.exists(Path.of(out)));
  }

  @Test
  void namesTheMissingConfigurationFile() {
    Called called = Called.with("doctor", "--config", folder.resolve("none.yaml").toString());
    assertEquals(2, called.code());
    assertTrue(called.reason().contains("none.yaml: cannot be read"), called.toString());
  }

  @Test
  void tellsFailuresAsJsonWhenAsked() throws IOException {
    String missing = folder.resolve("none.csv").toString();
    Called called = Called.with("select", "--scores", missing, "--out", folder + "/o", "--json");
    assertEquals(3, called.code());
    JsonNode event = new ObjectMapper().readTree(called.lastLine());
    assertEquals("error", event.path("event").asText());
    assertEquals(3, event.path("code").asInt());
    assertTrue(event.path("message").asText().startsWith(missing + ": "));
    assertTrue(called.reason().startsWith(missing + ": "));
  }

  @Test
  void doctorSaysWhatThereIs() throws IOException {
    Called called = Called.with("doctor", "--threads", "3");
    assertEquals(0, called.code(), called.toString());
    for (String part : List.of("coppice ", "java ", "threads    3 of ", "memory ", "OpenBLAS")) {
      assertTrue(called.out().contains(part), called.out());
    }
    assertTrue(called.out().contains("reference  available: "), called.out());
    JsonNode facts = new ObjectMapper().readTree(Called.with("doctor", "--json").out());
    assertEquals("done", facts.path("event").asText());
    assertTrue(facts.path("heap_bytes").asLong() > 0);
    for (JsonNode backend : facts.path("backends")) {
      assertFalse(backend.path("detail").asText().isBlank());
    }
    assertEquals(3, facts.path("backends").size());
  }

  private String scores(String name) throws IOException {
    StringBuilder text = new StringBuilder("sample,influence,loss\n");
    for (int sample = 0; sample < 20; sample++) {
      text.append(sample).append(',').append(sample * sample).append(",1\n");
    }
    Path file = folder.resolve(name + ".csv");
    Files.writeString(file, text);
    return file.toString();
  }
}
