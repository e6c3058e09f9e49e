// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.data.InputException;
import dev.coppice.data.LayerAttention;
import dev.coppice.data.LlmConfig;
import dev.coppice.data.LlmDesign;
import dev.coppice.data.LoraConfig;
import dev.coppice.data.Projection;
import dev.coppice.data.RotaryAngles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the configuration of each family means, and what of it is refused. */
class CheckpointFamiliesTest {
  private static final Path FIXTURES = Path.of("src/test/resources/golden/llm");
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final int ALL = LayerAttention.ALL;
  @TempDir Path folder;

  private LlmConfig read(String fixture, Consumer<ObjectNode> change) throws IOException {
    Path source = FIXTURES.resolve(fixture).resolve("config.json");
    ObjectNode config = (ObjectNode) MAPPER.readTree(source.toFile());
    change.accept(config);
    Path file = folder.resolve("config.json");
    Files.writeString(file, config.toPrettyString());
    return LlmConfigFile.read(file);
  }

  private static List<Integer> windows(LlmConfig config) {
    return config.attention().stream().map(LayerAttention::window).toList();
  }

  private static RotaryAngles angles(LlmConfig config, int layer) {
    return config.attention().get(layer).angles();
  }

  /** Configurations as published, and how many parameters their models are known to have. */
  @Test
  void publishedConfigurationsAreRead() throws IOException {
    JsonNode all = MAPPER.readTree(FIXTURES.resolve("published.json").toFile());
    Path file = folder.resolve("config.json");
    Map<String, LlmConfig> read = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> model : all.properties()) {
      Files.writeString(file, model.getValue().get("config").toString());
      LlmConfig config = LlmConfigFile.read(file);
      long parameters =
          config.weightShapes().values().stream()
              .mapToLong(shape -> Arrays.stream(shape).asLongStream().reduce(1, (a, b) -> a * b))
              .sum();
      assertEquals(model.getValue().get("parameters").longValue(), parameters, model.getKey());
      read.put(model.getKey(), config);
    }
    assertEquals(9, read.size());
    assertEquals(48, angles(read.get("Phi-4-mini"), 0).frequencies().size());
    assertEquals(131072, read.get("Phi-4-mini").maxPositions());
    assertEquals(4096, read.get("Phi-4-mini").shortTexts());
    assertEquals(131072, read.get("Llama-3.2-1B").maxPositions());
    assertEquals(24, Collections.frequency(windows(read.get("Qwen2.5-0.5B")), ALL));
    assertEquals(4, Collections.frequency(windows(read.get("gemma-3-1b")), ALL));
    assertEquals(13, Collections.frequency(windows(read.get("gemma-2-2b")), 4096));
    assertEquals(32, Collections.frequency(windows(read.get("Phi-3-mini-4k")), 2047));
  }

  @Test
  void mistralSlidesUnlessItsWindowIsNull() throws IOException {
    assertEquals(List.of(5, 5), windows(read("mistral", config -> {})));
    assertEquals(List.of(4096, 4096), windows(read("mistral", c -> c.remove("sliding_window"))));
    assertEquals(List.of(ALL, ALL), windows(read("mistral", c -> c.putNull("sliding_window"))));
  }

  @Test
  void qwenSlidesInUseAndFromALayerOn() throws IOException {
    assertEquals(List.of(ALL, 6), windows(read("qwen2-window", config -> {})));
    assertEquals(List.of(6, 6), windows(read("qwen2-window", c -> c.put("max_window_layers", 0))));
    assertEquals(
        List.of(ALL, ALL), windows(read("qwen2-window", c -> c.remove("max_window_layers"))));
    assertEquals(
        List.of(ALL, ALL), windows(read("qwen2-window", c -> c.put("use_sliding_window", false))));
    String types = "[\"sliding_attention\",\"full_attention\"]";
    JsonNode listed = MAPPER.readTree(types);
    assertEquals(List.of(6, ALL), windows(read("qwen2-window", c -> c.set("layer_types", listed))));
    assertEquals(
        List.of(ALL, ALL),
        windows(
            read(
                "qwen2-window",
                c -> {
                  c.set("layer_types", listed);
                  c.remove("use_sliding_window");
                })));
    assertEquals(
        Set.of(Projection.Q, Projection.K, Projection.V),
        read("qwen2-window", config -> {}).biased());
  }

  @Test
  void qwen3NormalisesHeadsOfTheirOwnWidth() throws IOException {
    LlmConfig config = read("qwen3", c -> {});
    assertEquals(new LlmDesign(false, true, false, 0, false, 1, 0.25, 0, 0), config.design());
    assertEquals(16, config.headDim());
    assertEquals(Set.of(), config.biased());
    assertEquals(128, read("qwen3", c -> c.remove("head_dim")).headDim());
    assertEquals(4, read("qwen3", c -> c.put("attention_bias", true)).biased().size());
    Map<String, int[]> shapes = config.weightShapes();
    assertEquals(16, shapes.get("model.layers.1.self_attn.k_norm.weight")[0]);
  }

  @Test
  void gemma2HasCapsAndAlternatingWindows() throws IOException {
    LlmConfig config = read("gemma2", c -> {});
    assertEquals(new LlmDesign(false, false, true, 1, true, 4, 0.25, 1.5, 3), config.design());
    assertEquals(List.of(4, ALL, 4), windows(config));
    List<String> defaults =
        List.of(
            "attn_logit_softcapping",
            "final_logit_softcapping",
            "query_pre_attn_scalar",
            "sliding_window",
            "hidden_activation",
            "head_dim",
            "tie_word_embeddings");
    LlmConfig plain = read("gemma2", c -> c.remove(defaults));
    assertEquals(new LlmDesign(false, false, true, 1, true, 4, 0.0625, 50, 30), plain.design());
    assertEquals(List.of(4096, ALL, 4096), windows(plain));
    assertEquals(256, plain.headDim());
    assertTrue(plain.tiedEmbeddings());
    assertTrue(
        config
            .weightShapes()
            .keySet()
            .containsAll(
                List.of(
                    "model.layers.0.post_attention_layernorm.weight",
                    "model.layers.0.pre_feedforward_layernorm.weight",
                    "model.layers.0.post_feedforward_layernorm.weight")));
  }

  @Test
  void gemma3HasAnglesOfItsOwnForWindows() throws IOException {
    LlmConfig config = read("gemma3", c -> {});
    assertEquals(List.of(4, 4, ALL), windows(config));
    assertEquals(RotaryAngles.plain(100, 16), angles(config, 0));
    RotaryAngles full = RotaryAngles.plain(5000, 16);
    for (int c = 0; c < 8; c++) {
      assertEquals(full.frequencies().get(c) / 8, angles(config, 2).frequencies().get(c));
    }
    LlmConfig plain =
        read(
            "gemma3", c -> c.remove(List.of("rope_theta", "rope_local_base_freq", "rope_scaling")));
    assertEquals(RotaryAngles.plain(1e4, 16), angles(plain, 1));
    assertEquals(RotaryAngles.plain(1e6, 16), angles(plain, 2));
    assertEquals(0, plain.design().logitCap());
    assertEquals(
        List.of(4, 4, 4), windows(read("gemma3", c -> c.remove("sliding_window_pattern"))));
  }

  @Test
  void phi3TurnsLongTextsByOtherFrequencies() throws IOException {
    LlmConfig config = read("phi3", c -> {});
    assertEquals(256, config.maxPositions());
    assertEquals(64, config.shortTexts());
    List<Double> unscaled = RotaryAngles.plain(1e4, 8).frequencies();
    assertEquals(unscaled.get(3) / 3, angles(config, 0).frequencies().get(3), 1e-18);
    assertEquals(unscaled.get(3) / 16, angles(config, 0).longFrequencies().get(3), 1e-18);
    assertEquals(4, angles(config, 0).frequencies().size());
    assertEquals(Math.sqrt(1 + Math.log(4) / Math.log(64)), angles(config, 0).factor(), 1e-15);
    assertEquals(128, config.moduleRows(Projection.K));
    assertEquals(64, config.firstRow(Projection.K));
    assertEquals(96, config.firstRow(Projection.V));
    assertEquals(12, config.firstRow(Projection.UP));
    assertEquals(List.of(7, 7), windows(config));
    assertEquals(List.of(ALL, ALL), windows(read("phi3", c -> c.remove("sliding_window"))));
    LlmConfig plain = read("phi3", c -> c.remove(List.of("rope_scaling", "partial_rotary_factor")));
    assertEquals(256, plain.maxPositions());
    assertEquals(Integer.MAX_VALUE, plain.shortTexts());
    LlmConfig stretched =
        read(
            "phi3",
            c ->
                c.put("max_position_embeddings", 131072)
                    .remove("original_max_position_embeddings"));
    assertEquals(131072, stretched.maxPositions());
    assertEquals(4096, stretched.shortTexts());
    double factor = Math.sqrt(1 + Math.log(32) / Math.log(4096));
    assertEquals(factor, angles(stretched, 0).factor(), 1e-15);
    assertEquals(RotaryAngles.plain(1e4, 16), angles(plain, 0));
  }

  /** Phi-3's first files called it su or yarn. */
  @ParameterizedTest
  @ValueSource(strings = {"su", "yarn"})
  void phi3KnowsOlderNamesOfLongrope(String type) throws IOException {
    LlmConfig config = read("phi3", c -> ((ObjectNode) c.get("rope_scaling")).put("type", type));
    assertEquals(read("phi3", c -> {}), config);
  }

  @ParameterizedTest(name = "{0}: {1} = {2}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "gemma2|hidden_activation|\"gelu\"|hidden_activation \"gelu\" is not supported; use a",
        "gemma3|use_bidirectional_attention|true|use_bidirectional_attention true is not",
        "gemma3|attn_logit_softcapping|0|field attn_logit_softcapping is 0; it must be a positive",
        "gemma3|sliding_window_pattern|0|field sliding_window_pattern is 0; it must be an integer",
        "gemma2|query_pre_attn_scalar|\"x\"|field query_pre_attn_scalar is \"x\"; it must be",
        "mistral|num_key_value_heads|null|has no field num_key_value_heads",
        "mistral|sliding_window|0|field sliding_window is 0; it must be an integer from 1",
        "qwen3|partial_rotary_factor|0.5|partial_rotary_factor 0.5 is not supported; use a",
        "qwen3|rope_parameters|{\"partial_rotary_factor\":0.5}|partial_rotary_factor turns 8 of 16",
        "qwen3|rope_scaling|{\"type\":\"linear\"}|rope_scaling {\"type\":\"linear\"} is not supported",
        "qwen2-window|max_window_layers|-1|field max_window_layers is -1; it must be an integer",
        "phi3|partial_rotary_factor|0.7|partial_rotary_factor turns 11 of 16 columns",
        "phi3|partial_rotary_factor|1.5|partial_rotary_factor turns 24 of 16 columns",
        "phi3|rope_scaling|{\"type\":\"longrope\"}|has no field rope_scaling.short_factor",
        "phi3|rope_scaling|{\"type\":\"longrope\",\"short_factor\":[1]}|field rope_scaling.short_fa",
        "phi3|rope_scaling|{\"type\":\"su\",\"short_factor\":[1,1,1,1]}|has no field rope_scaling.long_f",
        "llama3-rope|rope_scaling|{\"type\":\"longlong\"}|rope_scaling.type \"longlong\" is not",
        "llama3-rope|architectures|[\"A\",\"B\"]|architectures [\"A\",\"B\"] is not supported; use",
      })
  void errorsNameTheField(String fixture, String field, String json, String message)
      throws IOException {
    JsonNode value = MAPPER.readTree(json);
    InputException refused =
        assertThrows(InputException.class, () -> read(fixture, c -> c.set(field, value)));
    String start = folder.resolve("config.json") + ": " + message;
    assertTrue(refused.getMessage().startsWith(start), refused.getMessage());
  }

  @Test
  void llama3ScalesWhatTurnsSeldom() throws IOException {
    RotaryAngles scaled = angles(read("llama3-rope", c -> {}), 0);
    RotaryAngles plain = RotaryAngles.plain(500, 8);
    // 32 positions: 5.1, 1.08, 0.23 and 0.048 turns; more than 4 stay, less than 1 are divided.
    assertEquals(plain.frequencies().get(0), scaled.frequencies().get(0));
    double turns = 32 * plain.frequencies().get(1) / (2 * Math.PI);
    double kept = (turns - 1) / 3;
    double blended = plain.frequencies().get(1) * (kept + (1 - kept) / 8);
    assertEquals(blended, scaled.frequencies().get(1), 1e-15);
    assertEquals(plain.frequencies().get(2) / 8, scaled.frequencies().get(2));
    assertEquals(plain.frequencies().get(3) / 8, scaled.frequencies().get(3));
  }

  private static LoraConfig adapter(String fixture) {
    Path model = FIXTURES.resolve(fixture);
    return HfCheckpoint.open(model, Optional.of(model.resolve("adapter"))).lora();
  }

  @Test
  void patternsGiveRanksAndScales() {
    List<String> sizes = new ArrayList<>();
    adapter("llama3-rope")
        .sizes()
        .forEach(
            (target, size) ->
                sizes.add(
                    target.layer()
                        + " "
                        + target.projection()
                        + " "
                        + size.rank()
                        + " "
                        + size.scale()));
    assertEquals(
        List.of("0 Q 4 2.0", "0 V 2 4.0", "0 DOWN 4 2.0", "1 Q 4 1.5", "1 V 2 4.0", "1 DOWN 4 2.0"),
        sizes);
    assertEquals(4, adapter("llama3-rope").largestRank());
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "v_proj|2 2",
        "self_attn.v_proj|2 2",
        "model.layers.0.self_attn.v_proj|2 8",
        "layers.[01].self_attn.v_proj|2 2",
        "v|8 8",
        "proj|8 8",
        ".*|2 2",
        "ayers.0.self_attn.v_proj|8 8"
      })
  void patternsMatchFromADotOn(String pattern, String ranks) throws IOException {
    Path file = folder.resolve("adapter_config.json");
    ObjectNode config = MAPPER.createObjectNode().put("peft_type", "LORA").put("r", 8);
    config.putObject("rank_pattern").put(pattern, 2);
    Files.writeString(file, config.toString());
    LlmConfig model = read("qwen3", c -> {});
    List<LoraConfig.Target> targets =
        List.of(model.target(0, Projection.V), model.target(1, Projection.V));
    LoraConfig lora = LoraConfigFile.read(file).config(targets);
    String found =
        lora.sizes().get(targets.get(0)).rank() + " " + lora.sizes().get(targets.get(1)).rank();
    assertEquals(ranks, found);
  }

  @Test
  void fusedModulesAreAdaptedWhole() {
    LoraConfig lora = adapter("phi3");
    assertEquals(14, lora.sizes().size());
    LoraConfig.Target keys = lora.targets().get(1);
    assertEquals("model.layers.0.self_attn.qkv_proj.lora_A", keys.loraA());
    Path model = FIXTURES.resolve("phi3");
    LoraConfig fresh = HfCheckpoint.open(model, Optional.empty()).lora();
    assertEquals(
        List.of(Projection.Q, Projection.K, Projection.V),
        fresh.targets().subList(0, 3).stream().map(LoraConfig.Target::projection).toList());
    InputException refused =
        assertThrows(
            InputException.class,
            () ->
                HfCheckpoint.open(
                    model, Optional.of(FIXTURES.resolve("llama3-rope").resolve("adapter"))));
    assertTrue(refused.getMessage().contains("qkv_proj, o_proj, gate_up_proj or down_proj"));
  }

  @ParameterizedTest
  @CsvSource({"qweight,GPTQ or AWQ", "weight.absmax,bitsandbytes"})
  void quantisedTensorsAreRefusedByName(String suffix, String method) throws IOException {
    read("qwen3", c -> {});
    SafeTensors.Out packed =
        new SafeTensors.Out(
            "model.layers.0.self_attn.q_proj." + suffix, new long[] {1}, new float[1]);
    SafeTensors.write(folder.resolve("model.safetensors"), Map.of(), List.of(packed));
    InputException refused =
        assertThrows(InputException.class, () -> HfCheckpoint.open(folder, Optional.empty()));
    assertTrue(refused.getMessage().contains("quantised weights (" + method + ")"));
  }
}
