// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.data.InputException;
import dev.coppice.data.LlmConfig;
import dev.coppice.data.LoraConfig;
import dev.coppice.data.Projection;
import dev.coppice.data.RotaryAngles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is read of a checkpoint, and what is refused by which name. */
class HfCheckpointTest {
  private static final Path FIXTURES = Path.of("src/test/resources/golden/llm");
  private static final ObjectMapper MAPPER = new ObjectMapper();
  @TempDir Path folder;

  @Test
  void readsArchitectureAndAdapter() {
    Path model = FIXTURES.resolve("llama-biased");
    HfCheckpoint checkpoint = HfCheckpoint.open(model, Optional.of(model.resolve("adapter")));
    assertEquals(
        new LlmConfig(
            "LlamaForCausalLM",
            53,
            24,
            20,
            2,
            6,
            2,
            16,
            Math.pow(2, -17),
            10000,
            64,
            false,
            EnumSet.allOf(Projection.class)),
        checkpoint.config());
    checkpoint
        .lora()
        .sizes()
        .forEach((target, size) -> assertEquals(new LoraConfig.Size(4, 3.0), size));
    assertEquals(14, checkpoint.lora().targets().size());
    assertTrue(checkpoint.hasAdapter());
    assertEquals(checkpoint.config().weightShapes().keySet(), checkpoint.weights().keySet());
  }

  @Test
  void readsShardsAndTiedEmbeddings() {
    HfCheckpoint checkpoint =
        HfCheckpoint.open(FIXTURES.resolve("qwen2-sharded"), Optional.empty());
    assertEquals(2, checkpoint.weightFiles().size());
    assertEquals(RotaryAngles.plain(1e6, 4), angles(checkpoint.config()));
    assertEquals(LlmConfig.EMBEDDING, checkpoint.config().head());
    assertEquals(Set.of(Projection.Q, Projection.K, Projection.V), checkpoint.config().biased());
    assertFalse(checkpoint.hasAdapter());
    assertEquals(6, checkpoint.lora().targets().size());
    checkpoint
        .lora()
        .sizes()
        .forEach((target, size) -> assertEquals(new LoraConfig.Size(8, 2.0), size));
    assertEquals(Map.of(), checkpoint.adapterWeights());
  }

  @Test
  void absentFieldsHaveTheirDefaults() throws IOException {
    copy("llama-f16");
    edit(
        "config.json",
        config -> config.remove(List.of("hidden_act", "rope_theta", "num_key_value_heads")));
    edit(
        "config.json",
        config -> config.remove(List.of("architectures", "tie_word_embeddings", "rms_norm_eps")));
    LlmConfig config = HfCheckpoint.open(folder, Optional.empty()).config();
    assertEquals(RotaryAngles.plain(10000, 4), angles(config));
    assertEquals(1e-6, config.rmsNormEps(), 0.0);
    assertEquals(3, config.kvHeads());
    assertEquals(4, config.headDim());
  }

  @ParameterizedTest(name = "{0} = {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "model_type|\"mixtral\"|model_type \"mixtral\" is not supported; use a checkpoint of one of",
        "model_type|\"gemma3\"|model_type \"gemma3\" is not supported; export its text part",
        "architectures|[\"LlamaForSequenceClassification\"]|architectures [\"Llama",
        "quantization_config|{\"quant_method\":\"gptq\"}|quantization_config of method \"gptq\" is",
        "quantization_config|{\"load_in_4bit\":true}|quantization_config of method \"unnamed\" is",
        "hidden_act|\"gelu\"|hidden_act \"gelu\" is not supported",
        "rope_scaling|{\"rope_type\":\"llama3\",\"factor\":8}|has no field rope_scaling.low_freq_factor",
        "rope_scaling|{\"type\":\"linear\"}|has no field rope_scaling.factor",
        "rope_scaling|\"linear\"|field rope_scaling is \"linear\"; it must be an object",
        "rope_scaling|{\"type\":\"yarn\"}|rope_scaling.type \"yarn\" is not supported; use a",
        "rope_parameters|{\"rope_type\":\"yarn\"}|rope_parameters.rope_type \"yarn\" is not",
        "partial_rotary_factor|0.5|partial_rotary_factor 0.5 is not supported",
        "sliding_window|128|sliding_window 128 is not supported",
        "layer_types|[\"full_attention\"]|layer_types is no list of num_hidden_layers 2 texts",
        "layer_types|[\"full_attention\",\"x\"]|layer_types [\"full_attention\",\"x\"] is not",
        "layer_types|[\"sliding_attention\",\"full_attention\"]|layer_types [\"sliding_attention\"",
        "use_bidirectional_attention|true|use_bidirectional_attention true is not supported",
        "hidden_size|null|has no field hidden_size",
        "hidden_size|0|field hidden_size is 0; it must be an integer",
        "hidden_size|\"12\"|field hidden_size is \"12\"; it must be an integer",
        "num_hidden_layers|2.5|field num_hidden_layers is 2.5; it must be an integer",
        "vocab_size|16777217|field vocab_size is 16777217; it must be an integer",
        "rope_parameters|{\"rope_theta\":0}|field rope_parameters.rope_theta is 0; it must be a",
        "vocab_size|1e30|field vocab_size is 1.0E30; it must be an integer",
        "num_attention_heads|5|num_attention_heads 5 is no multiple of num_key_value_heads 3",
        "num_key_value_heads|2|num_attention_heads 3 is no multiple of num_key_value_heads 2",
        "head_dim|5|heads are 5 wide",
        "head_dim|258|heads are 258 wide",
        "rms_norm_eps|-1|field rms_norm_eps is -1; it must be a positive number",
        "rope_theta|\"x\"|field rope_theta is \"x\"; it must be a positive number",
        "attention_bias|1|field attention_bias is 1; it must be true or false",
        "max_position_embeddings|null|has no field max_position_embeddings",
      })
  void configurationErrorsNameTheField(String field, String json, String message)
      throws IOException {
    copy("llama-f16");
    JsonNode value = MAPPER.readTree(json);
    edit("config.json", config -> config.set(field, value));
    assertRefused(Optional.empty(), "config.json: " + message);
  }

  @Test
  void ropeParametersGiveTheBase() throws IOException {
    copy("llama-f16");
    JsonNode rope = MAPPER.readTree("{\"rope_type\":\"default\",\"rope_theta\":500000}");
    edit("config.json", config -> config.set("rope_parameters", rope));
    assertEquals(
        RotaryAngles.plain(5e5, 4), angles(HfCheckpoint.open(folder, Optional.empty()).config()));
  }

  @ParameterizedTest(name = "{0} = {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "peft_type|\"IA3\"|peft_type \"IA3\" is not supported",
        "use_dora|true|use_dora true is not supported",
        "modules_to_save|[\"lm_head\"]|modules_to_save [\"lm_head\"] is not supported",
        "bias|\"all\"|bias \"all\" is not supported",
        "fan_in_fan_out|true|fan_in_fan_out true is not supported",
        "rank_pattern|{\"v_proj\":0}|field rank_pattern.v_proj is 0; it must be an integer",
        "alpha_pattern|{\"v_proj\":-4}|field alpha_pattern.v_proj is -4; it must be a positive",
        "alpha_pattern|{\"v_(proj\":4}|alpha_pattern.v_(proj 4 is not supported; its name must be",
        "lora_bias|true|lora_bias true is not supported; train with lora_bias false",
        "layer_replication|[[0,1]]|layer_replication [[0,1]] is not supported",
        "init_lora_weights|\"pissa_niter_4\"|init_lora_weights \"pissa_niter_4\" is not",
        "r|0|field r is 0; it must be an integer",
        "lora_alpha|-2|field lora_alpha is -2; it must be a positive number",
      })
  void adapterErrorsNameTheField(String field, String json, String message) throws IOException {
    copy("llama-f16");
    JsonNode value = MAPPER.readTree(json);
    edit("adapter/adapter_config.json", config -> config.set(field, value));
    assertRefused(adapter(), "adapter_config.json: " + message);
  }

  @Test
  void shapesMustBeThoseOfTheConfiguration() throws IOException {
    copy("llama-f16");
    edit("config.json", config -> config.put("intermediate_size", 35));
    assertRefused(
        Optional.empty(),
        "model.safetensors: tensor model.layers.0.mlp.gate_proj.weight has shape [34, 12], expected"
            + " [35, 12]; check");
  }

  @Test
  void ranksMustBeThoseOfTheAdapterConfiguration() throws IOException {
    copy("llama-f16");
    edit("adapter/adapter_config.json", config -> config.put("r", 4));
    assertRefused(
        adapter(),
        "adapter_model.safetensors: tensor base_model.model.model.layers.0.self_attn.v_proj"
            + ".lora_A.weight has shape [8, 12], expected [4, 12]; check");
  }

  @Test
  void missingAndSurplusTensorsAreNamed() throws IOException {
    copy("llama-f16");
    edit("config.json", config -> config.put("num_hidden_layers", 3));
    assertRefused(
        Optional.empty(), "model.safetensors: has no tensor model.layers.2.input_layernorm.weight");
    edit("config.json", config -> config.put("num_hidden_layers", 1));
    assertRefused(
        Optional.empty(), "tensor model.layers.1.input_layernorm.weight has no place in a Llama");
    edit("config.json", config -> config.put("num_hidden_layers", 2).put("attention_bias", true));
    assertRefused(Optional.empty(), "has no tensor model.layers.0.self_attn.q_proj.bias");
  }

  @Test
  void tiedHeadMayBeStoredAsWell() throws IOException {
    copy("llama-f16");
    edit("config.json", config -> config.put("tie_word_embeddings", true));
    HfCheckpoint checkpoint = HfCheckpoint.open(folder, Optional.empty());
    assertFalse(checkpoint.weights().containsKey("lm_head.weight"));
  }

  @Test
  void adapterOfOtherModulesIsRefused() throws IOException {
    copy("llama-f16");
    String name = "base_model.model.lm_head.lora_A.weight";
    write("adapter/adapter_model.safetensors", new SafeTensors.Out(name, new long[] {1}, one()));
    assertRefused(adapter(), "adapter_model.safetensors: tensor " + name + " has no place");
  }

  @ParameterizedTest
  @CsvSource({"A,B,8,12", "B,A,12,8"})
  void halfAnAdapterIsRefused(String there, String missing, int rows, int columns)
      throws IOException {
    copy("llama-f16");
    String module = "base_model.model.model.layers.1.self_attn.q_proj.lora_";
    SafeTensors.Out half =
        new SafeTensors.Out(
            module + there + ".weight", new long[] {rows, columns}, new float[rows * columns]);
    write("adapter/adapter_model.safetensors", half);
    assertRefused(adapter(), "has no tensor " + module + missing + ".weight");
  }

  @Test
  void otherTypesOfWeightsAreRefused() throws IOException {
    copy("llama-f16");
    Path file = folder.resolve("adapter/adapter_model.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    String header = new String(bytes, StandardCharsets.ISO_8859_1);
    Files.write(file, header.replace("\"F16\"", "\"I16\"").getBytes(StandardCharsets.ISO_8859_1));
    assertRefused(adapter(), "lora_A.weight is I16; convert the weights to one of F32, F16, BF16");
  }

  @Test
  void unalignedWeightsAreRefused() throws IOException {
    copy("llama-f16");
    Path file = folder.resolve("model.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    byte[] longer = new byte[bytes.length + 1];
    ByteBuffer.wrap(longer)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(0, 1 + ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(0));
    longer[8] = ' '; // one space before the header shifts every tensor by a byte
    System.arraycopy(bytes, 8, longer, 9, bytes.length - 8);
    Files.write(file, longer);
    assertRefused(Optional.empty(), "which is not aligned; save the file again");
  }

  @Test
  void filesThatAreNotThereAreNamed() throws IOException {
    assertRefused(Optional.empty(), "config.json: there is no such file");
    copy("llama-f16");
    assertRefused(
        Optional.of(folder.resolve("none")), "none/adapter_config.json: there is no such file");
    Files.delete(folder.resolve("model.safetensors"));
    assertRefused(Optional.empty(), "model.safetensors: there is no such file; check the path");
    Files.writeString(folder.resolve("pytorch_model.bin"), "x");
    assertRefused(Optional.empty(), "model.safetensors: there is no such file; convert");
    InputException refused =
        assertThrows(
            InputException.class,
            () -> HfCheckpoint.open(folder.resolve("config.json"), Optional.empty()));
    assertTrue(refused.getMessage().contains("config.json: is no folder"), refused.getMessage());
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "../other.safetensors|weight_map names the file",
        "model-00009-of-00002.safetensors|model-00009-of-00002.safetensors: there is no such file",
        "model-00001-of-00002.safetensors|model-00001-of-00002.safetensors: has no tensor model.norm",
      })
  void indexMustNameTheShards(String file, String message) throws IOException {
    copy("qwen2-sharded");
    edit(
        "model.safetensors.index.json",
        index -> ((ObjectNode) index.get("weight_map")).put("model.norm.weight", file));
    assertRefused(Optional.empty(), message);
  }

  @Test
  void indexMustNameEveryTensor() throws IOException {
    copy("qwen2-sharded");
    edit(
        "model.safetensors.index.json",
        index -> ((ObjectNode) index.get("weight_map")).remove("model.norm.weight"));
    assertRefused(
        Optional.empty(), "model.safetensors.index.json: has no tensor model.norm.weight");
    edit("model.safetensors.index.json", index -> index.remove("weight_map"));
    assertRefused(Optional.empty(), "model.safetensors.index.json: has no object weight_map");
  }

  @Test
  void adaptedLayersComeInOrder() throws IOException {
    copy("llama-f16");
    List<LoraConfig.Target> targets = HfCheckpoint.open(folder, adapter()).lora().targets();
    List<String> names = new ArrayList<>();
    targets.forEach(target -> names.add(target.layer() + " " + target.projection()));
    assertEquals(List.of("0 V", "0 O", "0 DOWN", "1 V", "1 O", "1 DOWN"), names);
  }

  private static RotaryAngles angles(LlmConfig config) {
    return config.attention().get(0).angles();
  }

  private static float[] one() {
    return new float[] {1};
  }

  private void write(String file, SafeTensors.Out tensor) throws IOException {
    SafeTensors.write(folder.resolve(file), Map.of(), List.of(tensor));
  }

  private Optional<Path> adapter() {
    return Optional.of(folder.resolve("adapter"));
  }

  private void copy(String fixture) throws IOException {
    Path source = FIXTURES.resolve(fixture);
    try (Stream<Path> files = Files.walk(source)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path target = folder.resolve(source.relativize(file).toString());
        Files.createDirectories(target.getParent());
        Files.copy(file, target);
      }
    }
  }

  private void edit(String file, Consumer<ObjectNode> change) throws IOException {
    ObjectNode node = (ObjectNode) MAPPER.readTree(folder.resolve(file).toFile());
    change.accept(node);
    Files.writeString(folder.resolve(file), node.toPrettyString());
  }

  private void assertRefused(Optional<Path> adapter, String part) {
    InputException refused =
        assertThrows(InputException.class, () -> HfCheckpoint.open(folder, adapter));
    assertTrue(refused.getMessage().contains(part), refused.getMessage());
  }
}
