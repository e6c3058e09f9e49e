// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.io.SafeTensors;
import dev.coppice.pipeline.demo.SmallRun;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bad input data: exit 3, {@code FILE:LINE: what; what to do}, no stack trace, no output file. */
class BadInputTest {
  @TempDir Path folder;

  @BeforeEach
  void makeGoodInput() throws IOException {
    SmallRun.write(folder, 30);
  }

  @ParameterizedTest(name = "{0}: {2}")
  @CsvSource(
      delimiter = '|',
      value = {
        // file | line, 0 for none | what the line becomes, "-" without the file | part of message
        "train.txt | 3 | user2 1 x | \"x\" is not an item id",
        "train.txt | 3 | user2 0 | item 0 is not in items.tsv",
        "train.txt | 3 | user2 61 | item 61 is not in items.tsv",
        "train.txt | 3 | user1 4 | user \"user1\" again",
        "train.txt | 3 | user2 \u00ff | is not an item id",
        "train.txt | 0 | - | there is no such file",
        "train.txt | 0 | '' | is empty",
        "valid.txt | 5 | user9 1 | where train.txt has",
        "valid.txt | 0 | - | there is no such file",
        "test.txt | 2 | user1 1 1.5 | is not an item id",
        "test.txt | 0 | - | there is no such file",
        "items.tsv | 7 | 7 | not an id, one tab and a title",
        "items.tsv | 0 | - | there is no such file",
        "prompt.json | 2 | nonsense | is not valid JSON",
      })
  void everyCommandNamesFileAndLineOfABrokenDataFolder(
      String name, int line, String becomes, String part) throws IOException {
    Path file = folder.resolve("data").resolve(name);
    if (becomes.equals("-")) {
      Files.delete(file);
    } else if (line == 0) {
      Files.writeString(file, becomes);
    } else {
      List<String> lines = new ArrayList<>(Files.readAllLines(file));
      lines.set(line - 1, becomes);
      Files.write(file, lines);
    }
    String place = file + (line == 0 ? ": " : ":" + line + ": ");
    String data = folder.resolve("data").toString();
    assertRefused(place, part, SmallRun.prune(folder));
    assertRefused(place, part, SmallRun.pruneWithLlm(folder));
    assertRefused(place, part, List.of("train", "--data", data, "--out", out()));
    assertRefused(place, part, List.of("validate", "--data", data, "--out", out()));
    assertRefused(
        place,
        part,
        List.of("score", "influence", "--data", data, "--surrogate", data, "--out", out()));
    assertRefused(
        place,
        part,
        List.of("score", "effort", "--data", data, "--llm", folder + "/llm", "--out", out()));
  }

  @Test
  void refusesALineOfTenMegabytesAndBadUtf8() throws IOException {
    Path train = folder.resolve("data/train.txt");
    byte[] good = Files.readAllBytes(train);
    Files.writeString(train, "user0 1\nuser1 2" + " 1".repeat(5 << 20) + "\n");
    assertRefused(train + ":2: ", "longer than the maximum", SmallRun.prune(folder));
    good[new String(good, StandardCharsets.US_ASCII).indexOf('\n') + 1] = -1;
    Files.write(train, good);
    assertRefused(train + ":2: ", "is not valid UTF-8", SmallRun.prune(folder));
  }

  @Test
  void refusesAMissingDataFolder() {
    Path none = folder.resolve("none");
    assertRefused(
        none + ": ",
        "there is no such folder",
        List.of("prune", "--data", none.toString(), "--out", out()));
  }

  @Test
  void refusesMoreThanThereIs() {
    assertRefused(
        folder.resolve("data/train.txt") + ": ",
        "1000 samples asked for",
        SmallRun.prune(folder, "--holdout", "0").stream()
            .map(arg -> arg.equals("10") ? "1000" : arg)
            .toList());
  }

  @ParameterizedTest(name = "llm {0} {1}: {2}")
  @CsvSource(
      delimiter = '|',
      value = {
        "config.json | - | there is no such file",
        "config.json | {\"model_type\": | is not valid JSON",
        "config.json | {\"model_type\": \"bert\"} | ",
        "tokenizer.json | - | there is no such file",
        "tokenizer.json | {} | ",
        "model.safetensors | - | ",
        "model.safetensors | short | ",
      })
  void namesTheBrokenFileOfAModel(String name, String becomes, String part) throws IOException {
    Path file = folder.resolve("llm").resolve(name);
    if (becomes.equals("-")) {
      Files.delete(file);
    } else {
      Files.writeString(file, becomes);
    }
    String wanted = part == null ? "" : part;
    String place = folder.resolve("llm").toString();
    assertRefused(place, wanted, SmallRun.pruneWithLlm(folder));
    assertRefused(
        place,
        wanted,
        List.of(
            "score",
            "effort",
            "--data",
            folder + "/data",
            "--llm",
            folder + "/llm",
            "--out",
            out()));
  }

  @Test
  void refusesABrokenAdapter() {
    assertRefused(
        folder.resolve("data").toString(),
        "",
        SmallRun.pruneWithLlm(folder, "--adapter", folder + "/data"));
  }

  @ParameterizedTest(name = "samples: {0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"input_ids\": [1, 2] | 2 | is not valid JSON",
        "{\"input_ids\": [1, 9999]} | 2 | token 9999",
        "{\"input_ids\": [1, -3]} | 2 | -3",
        "{\"input_ids\": [1, 2], \"labels\": [1]} | 2 | 1 labels for 2 input_ids",
        "{\"instruction\": \"a\"} | 2 | neither input_ids nor output",
        "[] | 2 | is no JSON object",
        "LONG | 2 | 600 tokens where --cutoff is 512",
      })
  void namesTheLineOfABrokenSample(String record, int line, String part) throws IOException {
    String broken =
        record.equals("LONG") ? "{\"input_ids\": [1" + ", 5".repeat(599) + "]}" : record;
    Path samples = folder.resolve("s.jsonl");
    Files.writeString(samples, "{\"input_ids\": [1, 2, 3]}\n" + broken + "\n");
    assertRefused(
        samples + ":" + line + ": ",
        part,
        List.of(
            "score",
            "effort",
            "--samples",
            samples.toString(),
            "--llm",
            folder + "/llm",
            "--out",
            out()));
  }

  @ParameterizedTest(name = "scores: {0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "sample,influence~0,1~1,x~ | 3 | is no finite number",
        "sample,influence~0,1~1,NaN~ | 3 | is no finite number",
        "sample,influence~0,1~0,2~ | 3 | sample 0 again",
        "sample,influence~0,1~1~ | 3 | 1 fields where the header has 2",
        "influence~0~ | 1 | there is no column sample",
        "sample,loss~0,1~ | 1 | neither a column influence nor effort",
      })
  void namesTheLineOfABrokenScore(String text, int line, String part) throws IOException {
    Path scores = folder.resolve("s.csv");
    Files.writeString(scores, text.replace('~', '\n'));
    assertRefused(
        scores + ":" + line + ": ",
        part,
        List.of("select", "--scores", scores.toString(), "--n", "1", "--out", out()));
  }

  @Test
  void selectRefusesMoreThanThereIs() throws IOException {
    Path scores = folder.resolve("s.csv");
    Files.writeString(scores, "sample,influence\n0,1\n4,2\n");
    assertRefused(
        "",
        "2 samples asked for, 1 can be selected",
        List.of(
            "select",
            "--scores",
            scores.toString(),
            "--n",
            "2",
            "--hard-prune",
            "0.5",
            "--out",
            out()));
  }

  @ParameterizedTest(name = "surrogate: {0}")
  @CsvSource({"missing", "text", "strange", "small"})
  void namesTheBrokenSurrogate(String kind) throws IOException {
    Path surrogate = folder.resolve("surrogate.safetensors");
    switch (kind) {
      case "text" -> Files.writeString(surrogate, "no weights at all");
      case "strange" ->
          SafeTensors.write(
              surrogate,
              Map.of(),
              List.of(new SafeTensors.Out("x", new long[] {1}, new float[] {1})));
      case "small" ->
          SafeTensors.write(
              surrogate,
              Map.of(),
              List.of(
                  new SafeTensors.Out("item_embeddings.weight", new long[] {3, 1}, new float[3]),
                  new SafeTensors.Out(
                      "position_embeddings.weight", new long[] {3, 1}, new float[3])));
      default -> assertFalse(Files.exists(surrogate));
    }
    assertRefused(
        surrogate + ": ",
        "",
        List.of(
            "score",
            "influence",
            "--data",
            folder + "/data",
            "--surrogate",
            surrogate.toString(),
            "--out",
            out()));
  }

  private String out() {
    return folder.resolve("out").toString();
  }

  private void assertRefused(String place, String part, List<String> args) {
    Called called = Called.with(args);
    assertEquals(3, called.code(), called.toString());
    assertEquals(1, called.err().lines().count(), called.toString());
    assertTrue(called.reason().startsWith(place), place + "\n" + called);
    assertTrue(called.reason().contains(part), part + "\n" + called);
    assertTrue(called.reason().indexOf("; ", place.length()) > 0, "no remedy: " + called);
    assertEquals("", called.out());
    assertFalse(Files.exists(folder.resolve("out")), "an output file");
    assertFalse(Files.exists(folder.resolve("run")), "a run folder");
  }
}
