// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.backend.Backend;
import dev.coppice.backend.NativeBackend;
import dev.coppice.backend.ReferenceBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The committed checkpoints of {@code tools/make_family_fixtures.py} against PyTorch in float64.
 */
class EffortFamiliesTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final List<String> NAMES =
      List.of(
          "llama3-rope",
          "llama-linear",
          "llama-dynamic",
          "mistral",
          "qwen2-window",
          "qwen3",
          "gemma2",
          "gemma3",
          "phi3",
          "phi3-long");

  @TempDir Path folder;

  static Stream<Arguments> cases() {
    return NAMES.stream()
        .flatMap(name -> EffortBackends.all().map(backend -> Arguments.of(name, backend)));
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("cases")
  void everyLoraTensorAgrees(String name, EffortBackends.Kind kind) {
    LlmFixture fixture = LlmFixture.committed(name);
    try (Backend backend = kind.open()) {
      EffortBatch batch =
          fixture.score(backend, true, EffortTruthTest.config(EffortParams.ALL_LORA, 0));
      JsonNode norms = fixture.expected().get("samples").get(0).get("norm_by_tensor");
      assertEquals(norms.size(), batch.tensorNorms().size());
      fixture.assertTruth("samples", EffortParams.ALL_LORA, batch, kind.tolerance());
    }
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("cases")
  void lastValueProjectionAgrees(String name, EffortBackends.Kind kind) {
    LlmFixture fixture = LlmFixture.committed(name);
    try (Backend backend = kind.open()) {
      EffortBatch batch =
          fixture.score(backend, true, EffortTruthTest.config(EffortParams.LAST_V_LORA_B, 0));
      fixture.assertEffort("samples", EffortParams.LAST_V_LORA_B, batch, kind.tolerance());
    }
  }

  @ParameterizedTest
  @MethodSource("dev.coppice.score.EffortBackends#all")
  void freshAdapterOfAFusedModelIsDrawnFromTheSeed(EffortBackends.Kind kind) {
    LlmFixture fixture = LlmFixture.committed("phi3");
    long seed = fixture.expected().get("fresh_seed").longValue();
    try (Backend backend = kind.open()) {
      for (EffortParams params : EffortBackends.PARAMS) {
        EffortBatch batch = fixture.score(backend, false, EffortTruthTest.config(params, seed));
        fixture.assertEffort("fresh", params, batch, kind.tolerance());
      }
    }
  }

  /** A sample's bits are its own: alone or in company, with one thread or two. */
  @ParameterizedTest
  @ValueSource(strings = {"llama3-rope", "mistral", "gemma2", "gemma3", "phi3", "phi3-long"})
  void bitsDoNotDependOnCompanyOrThreads(String name) {
    LlmFixture fixture = LlmFixture.committed(name);
    EffortConfig config = EffortTruthTest.config(EffortParams.ALL_LORA, 0);
    EffortBatch together;
    try (Backend backend = new NativeBackend(NativeBackend.Device.CPU, 2)) {
      together = fixture.score(backend, true, config);
    }
    try (Backend backend = new NativeBackend(NativeBackend.Device.CPU, 1)) {
      for (int i = 0; i < fixture.samples().size(); i++) {
        EffortBatch alone = fixture.score(backend, true, config, List.of(fixture.samples().get(i)));
        assertEquals(together.loss()[i], alone.loss()[0], 0.0);
        assertEquals(together.effort()[i], alone.effort()[0], 0.0);
      }
    }
  }

  /** Each field matters: with another value of it the losses are far from the truth. */
  @ParameterizedTest(name = "{0} {1} = {2}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "llama3-rope|rope_scaling|null",
        "llama3-rope|rope_theta|10000",
        "llama3-rope|rope_scaling.factor|2",
        "llama3-rope|rope_scaling.low_freq_factor|3",
        "llama3-rope|rope_scaling.high_freq_factor|8",
        "llama3-rope|rope_scaling.original_max_position_embeddings|64",
        "llama-linear|rope_scaling|null",
        "mistral|sliding_window|null",
        "mistral|sliding_window|6",
        "qwen2-window|use_sliding_window|false",
        "qwen2-window|max_window_layers|0",
        "qwen2-window|layer_types|[\"sliding_attention\",\"full_attention\"]",
        "qwen3|rope_parameters|null",
        "gemma2|sliding_window|5",
        "gemma2|layer_types|[\"full_attention\",\"full_attention\",\"full_attention\"]",
        "gemma2|query_pre_attn_scalar|8",
        "gemma2|attn_logit_softcapping|null",
        "gemma2|attn_logit_softcapping|50",
        "gemma2|final_logit_softcapping|null",
        "gemma2|rope_theta|100",
        "gemma3|sliding_window|64",
        "gemma3|sliding_window_pattern|2",
        "gemma3|rope_local_base_freq|5000",
        "gemma3|rope_theta|100",
        "gemma3|rope_scaling|null",
        "gemma3|query_pre_attn_scalar|16",
        "phi3|sliding_window|null",
        "phi3|rope_theta|100",
        "phi3|max_position_embeddings|64",
        "phi3|rope_scaling.short_factor|[1,1,1,1]",
        "phi3|rope_scaling.attention_factor|1",
        "phi3-long|rope_scaling.short_factor|[1,1,1,1]",
        "phi3-long|rope_scaling.long_factor|[1,1,1,1]",
        "phi3-long|original_max_position_embeddings|10",
        "phi3-long|original_max_position_embeddings|19"
      })
  void everyFieldMatters(String name, String field, String json) throws IOException {
    ObjectNode config = config(name);
    ObjectNode owner = config;
    String[] path = field.split("\\.");
    for (int i = 0; i + 1 < path.length; i++) {
      owner = (ObjectNode) owner.get(path[i]);
    }
    owner.set(path[path.length - 1], MAPPER.readTree(json));
    assertTrue(difference(name, config) > 1e-3, () -> "as before with " + field + " " + json);
  }

  private ObjectNode config(String name) throws IOException {
    Path source = LlmFixture.committed(name).folder();
    return (ObjectNode) MAPPER.readTree(source.resolve("config.json").toFile());
  }

  /** Largest relative difference of a loss from the truth, with another configuration. */
  private double difference(String name, ObjectNode config) throws IOException {
    Path source = LlmFixture.committed(name).folder();
    for (String file : List.of("model.safetensors", "samples.jsonl", "expected.json")) {
      Files.copy(source.resolve(file), folder.resolve(file));
    }
    Files.createDirectory(folder.resolve("adapter"));
    for (String file : List.of("adapter_config.json", "adapter_model.safetensors")) {
      Files.copy(source.resolve("adapter").resolve(file), folder.resolve("adapter").resolve(file));
    }
    MAPPER.writeValue(folder.resolve("config.json").toFile(), config);
    LlmFixture fixture = LlmFixture.of(folder);
    try (Backend backend = new ReferenceBackend()) {
      double[] losses =
          fixture
              .score(backend, true, EffortTruthTest.config(EffortParams.LAST_V_LORA_B, 0))
              .loss();
      double largest = 0;
      for (int i = 0; i < losses.length; i++) {
        double wanted = fixture.expected().get("samples").get(i).get("loss").doubleValue();
        largest = Math.max(largest, Math.abs(losses[i] / wanted - 1));
      }
      return largest;
    }
  }

  /** What older and newer configurations say of the same model. */
  @ParameterizedTest
  @ValueSource(strings = {"llama3-rope", "llama-linear", "gemma3", "phi3", "qwen2-window"})
  void olderAndNewerSpellingsAreTheSame(String name) throws IOException {
    ObjectNode config = config(name);
    JsonNode scaling = config.remove("rope_scaling");
    ObjectNode newer = scaling == null ? MAPPER.createObjectNode() : scaling.deepCopy();
    for (String field : List.of("rope_theta", "partial_rotary_factor")) {
      if (config.has(field)) {
        newer.set(field, config.remove(field));
      }
    }
    if (newer.has("type")) {
      newer.set("rope_type", newer.remove("type"));
    }
    if (name.equals("gemma3")) {
      ObjectNode local = MAPPER.createObjectNode().put("rope_type", "default");
      local.set("rope_theta", config.remove("rope_local_base_freq"));
      ObjectNode both = MAPPER.createObjectNode();
      both.set("full_attention", newer);
      both.set("sliding_attention", local);
      newer = both;
      config.remove("sliding_window_pattern");
      String sliding = "\"sliding_attention\",\"sliding_attention\",\"full_attention\"";
      config.set("layer_types", MAPPER.readTree("[" + sliding + "]"));
    }
    if (name.equals("qwen2-window")) {
      String types = "[\"full_attention\",\"sliding_attention\"]";
      config.set("layer_types", MAPPER.readTree(types));
      config.remove("max_window_layers");
    }
    config.set("rope_parameters", newer);
    assertTrue(difference(name, config) < 1e-9);
  }
}
