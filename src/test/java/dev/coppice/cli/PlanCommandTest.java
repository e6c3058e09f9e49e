// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.coppice.data.LlmConfig;
import dev.coppice.pipeline.demo.SmallRun;
import dev.coppice.score.LargeModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code coppice plan}, and what it and {@code coppice score effort} refuse. */
class PlanCommandTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TempDir Path folder;

  private List<String> on(String command, String... more) {
    List<String> args = new ArrayList<>(Arrays.asList(command.split(" ")));
    args.addAll(List.of("--llm", folder.resolve("llm").toString(), "--threads", "1"));
    if (command.startsWith("score")) {
      args.addAll(List.of("--out", folder.resolve("effort.csv").toString()));
    }
    args.addAll(List.of(more));
    return args;
  }

  private List<String> onData(String command, String... more) {
    List<String> args = on(command, "--data", folder.resolve("data").toString());
    args.addAll(List.of(more));
    return args;
  }

  private static JsonNode facts(List<String> args) throws IOException {
    args.add("--json");
    Called called = Called.with(args);
    assertEquals(0, called.code(), called.toString());
    JsonNode facts = MAPPER.readTree(called.lastLine());
    assertEquals("done", facts.path("event").asText());
    return facts;
  }

  @Test
  void saysWhatTheRunThenDoes() throws IOException {
    SmallRun.write(folder, 60);
    for (String params : List.of("last-v-lora-b", "all-lora")) {
      String[] options = {"--memory", "4MiB", "--effort-params", params};
      JsonNode plan = facts(onData("plan", options));
      assertFalse(Files.exists(folder.resolve("effort.csv")), "a plan writes nothing");
      JsonNode done = facts(onData("score effort", options));
      assertEquals(done.path("scored").asInt(), plan.path("samples").asInt());
      for (String fact : List.of("tokens", "tokens_computed", "shared_prefix")) {
        assertTrue(plan.path(fact).asLong() > 0, plan.toString());
        assertEquals(done.path(fact), plan.path(fact), fact);
      }
      assertTrue(plan.path("macro_batches").asInt() >= 1, plan.toString());
      assertTrue(plan.path("macro_batch_positions").asInt() > 1, plan.toString());
      assertTrue(plan.path("multiply_adds").asDouble() > 1e6, plan.toString());
      assertTrue(plan.path("seconds").asDouble() > 0, plan.toString());
      assertTrue(plan.path("weight_bytes").asLong() > 0, plan.toString());
      long workspace = plan.path("workspace_bytes").asLong();
      assertTrue(workspace > 0 && workspace <= 4 << 20, plan.toString());
      assertTrue(plan.path("peak_bytes").asLong() > workspace, plan.toString());
      for (String fact : List.of("seconds_planned", "peak_bytes", "peak_bytes_planned")) {
        assertTrue(done.path(fact).asDouble() > 0, done.toString());
      }
      Files.delete(folder.resolve("effort.csv"));
    }
  }

  @Test
  void tellsPeople() throws IOException {
    SmallRun.write(folder, 60);
    Called plan = Called.with(onData("plan"));
    assertEquals(0, plan.code(), plan.toString());
    List<String> lines = plan.out().lines().toList();
    assertEquals(4, lines.size(), plan.toString());
    assertTrue(lines.get(0).matches("\\d+ samples, [\\d,]+ tokens of which .*"), lines.get(0));
    assertTrue(lines.get(1).matches("\\d+ macro-batches of up to .* weights .*"), lines.get(1));
    assertTrue(
        lines
            .get(2)
            .matches("memory: \\S+ [KMG]iB of workspace, \\S+ [MG]iB of the whole process.*"),
        lines.get(2));
    assertTrue(lines.get(3).matches("about .* s, at .* multiply-adds a second"), lines.get(3));
    Called score = Called.with(onData("score effort"));
    assertTrue(score.err().contains(" of workspace, "), score.toString());
    assertTrue(
        score.err().matches("(?s).*scored in \\S+ s of \\S+ s planned; memory peaked at .*"),
        score.toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "plan",
        "plan --data d",
        "plan --llm m",
        "plan --data d --samples s --llm m",
        "plan --data d --llm m --out o.csv",
        "plan --data d --llm m --what",
        "plan --data d --llm m --memory big",
        "plan --data d --llm m --loss none",
        "plan --data d --llm m --cutoff 1",
        "plan --data d --llm m --shared-prefix maybe",
      })
  void refusesWrongUsage(String line) {
    Called called = Called.with(line.split(" "));
    assertEquals(2, called.code(), called.toString());
    assertEquals("", called.out());
    assertEquals(1, called.err().lines().count(), called.toString());
  }

  @Test
  void namesTheFileThatIsMissing() throws IOException {
    SmallRun.write(folder, 40);
    for (String command : List.of("plan", "score effort")) {
      Called model = Called.with(onData(command, "--adapter", folder.resolve("no").toString()));
      assertEquals(3, model.code(), model.toString());
      assertTrue(model.reason().contains(folder.resolve("no").toString()), model.toString());
    }
    Files.delete(folder.resolve("llm/model.safetensors"));
    Files.delete(folder.resolve("data/train.txt"));
    for (String command : List.of("plan", "score effort")) {
      Called called = Called.with(onData(command));
      assertEquals(3, called.code(), called.toString());
      assertTrue(called.reason().contains(folder.toString()), called.toString());
    }
  }

  private static long number(String text, String pattern) {
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    assertTrue(matcher.find(), text);
    return Long.parseLong(matcher.group(1));
  }

  @Test
  void refusesTooLittleMemoryAndSaysWhatWouldDo() throws IOException {
    SmallRun.write(folder, 40);
    for (String command : List.of("plan", "score effort")) {
      String[] little = {"--memory", "1.5MiB", "--cutoff", "400"};
      Called called = Called.with(onData(command, little));
      assertEquals(2, called.code(), called.toString());
      assertFalse(Files.exists(folder.resolve("effort.csv")), called.toString());
      long enough = number(called.reason(), "give (\\d+) MiB or more");
      int cutoff = (int) number(called.reason(), "a cutoff of (\\d+) tokens");
      String[] more = {"--cutoff", "400", "--memory"};
      assertEquals(0, Called.with(with(onData(command, more), enough + "MiB")).code());
      assertEquals(2, Called.with(with(onData(command, more), (enough - 1) + "MiB")).code());
      String[] shorter = {"--memory", "1.5MiB", "--cutoff"};
      assertEquals(0, Called.with(with(onData(command, shorter), "" + cutoff)).code());
      assertEquals(2, Called.with(with(onData(command, shorter), "" + (cutoff + 1))).code());
      Files.deleteIfExists(folder.resolve("effort.csv"));
    }
  }

  private static List<String> with(List<String> args, String value) {
    args.add(value);
    return args;
  }

  /** A sample of a million tokens in a layer of this width takes 800 GB. */
  @Test
  void refusesWhatTheMachineCannotHold() throws IOException {
    LlmConfig wide =
        new LlmConfig(
            "LlamaForCausalLM", 64, 32, 1 << 16, 1, 1, 1, 32, 1e-6, 1e4, 1 << 20, false, Set.of());
    LargeModel.write(folder.resolve("llm"), wide);
    Path samples = folder.resolve("samples.jsonl");
    Files.writeString(samples, "{\"input_ids\": [1, 2, 3]}\n{\"input_ids\": [1, 2, 4]}\n");
    for (String command : List.of("plan", "score effort")) {
      String[] options = {"--samples", samples.toString(), "--memory", "900TiB", "--cutoff"};
      Called called = Called.with(with(on(command, options), "" + (1 << 20)));
      assertEquals(4, called.code(), called.toString());
      assertTrue(called.reason().contains("1048576 tokens"), called.toString());
      assertTrue(called.reason().contains("GiB are free"), called.toString());
      long fits = number(called.reason(), "give --cutoff (\\d+) or less");
      assertTrue(fits > 1000 && fits < 1 << 20, called.toString());
      assertFalse(Files.exists(folder.resolve("effort.csv")), called.toString());
      Called shorter = Called.with(with(on(command, options), "" + fits / 2));
      assertEquals(0, shorter.code(), shorter.toString());
    }
  }
}
