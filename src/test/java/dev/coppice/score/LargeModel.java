// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.data.LlmConfig;
import dev.coppice.io.SafeTensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/** Writes a LLaMA checkpoint with seeded weights. */
public final class LargeModel {
  private LargeModel() {}

  /** An architecture with heads of 32 columns. */
  public static LlmConfig config(int vocabulary, int hidden, int intermediate, int layers) {
    return new LlmConfig(
        "LlamaForCausalLM",
        vocabulary,
        hidden,
        intermediate,
        layers,
        hidden / 32,
        hidden / 32,
        32,
        1e-6,
        10000,
        512,
        false,
        Set.of());
  }

  /** Writes a checkpoint of one file. */
  public static void write(Path folder, LlmConfig config) throws IOException {
    writeConfig(folder, config);
    SplittableRandom random = new SplittableRandom(1);
    List<SafeTensors.Out> tensors = new ArrayList<>();
    config.weightShapes().forEach((name, shape) -> tensors.add(tensor(name, shape, random)));
    SafeTensors.write(folder.resolve("model.safetensors"), Map.of(), tensors);
  }

  /**
   * Writes a checkpoint of one file a layer, of which one is in memory at a time.
   *
   * @return bytes of the files
   */
  public static long writeShards(Path folder, LlmConfig config) throws IOException {
    writeConfig(folder, config);
    SplittableRandom random = new SplittableRandom(1);
    Map<String, List<String>> shards = new LinkedHashMap<>();
    ObjectNode index = new ObjectMapper().createObjectNode();
    ObjectNode map = index.putObject("weight_map");
    for (String name : config.weightShapes().keySet()) {
      String[] parts = name.split("\\.");
      String file = "model-" + (parts[1].equals("layers") ? parts[2] : "rest") + ".safetensors";
      shards.computeIfAbsent(file, none -> new ArrayList<>()).add(name);
      map.put(name, file);
    }
    Files.writeString(folder.resolve("model.safetensors.index.json"), index.toString());
    long bytes = 0;
    for (Map.Entry<String, List<String>> shard : shards.entrySet()) {
      List<SafeTensors.Out> tensors = new ArrayList<>();
      for (String name : shard.getValue()) {
        tensors.add(tensor(name, config.weightShapes().get(name), random));
      }
      SafeTensors.write(folder.resolve(shard.getKey()), Map.of(), tensors);
      bytes += Files.size(folder.resolve(shard.getKey()));
    }
    return bytes;
  }

  private static void writeConfig(Path folder, LlmConfig config) throws IOException {
    ObjectNode json = new ObjectMapper().createObjectNode();
    json.putArray("architectures").add(config.architecture());
    json.put("model_type", "llama").put("hidden_act", "silu").put("rope_theta", 10000.0);
    json.put("vocab_size", config.vocabulary()).put("hidden_size", config.hidden());
    json.put("intermediate_size", config.intermediate());
    json.put("num_hidden_layers", config.layers()).put("num_attention_heads", config.heads());
    json.put("max_position_embeddings", config.maxPositions());
    json.put("rms_norm_eps", config.rmsNormEps()).put("tie_word_embeddings", false);
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("config.json"), json.toString());
  }

  private static SafeTensors.Out tensor(String name, int[] shape, SplittableRandom random) {
    float[] values = new float[Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
    float width = (float) (1 / Math.sqrt(shape[shape.length - 1]));
    for (int i = 0; i < values.length; i++) {
      values[i] = shape.length == 1 ? 1 : width * (float) (random.nextDouble() * 2 - 1);
    }
    long[] dims = Arrays.stream(shape).asLongStream().toArray();
    return new SafeTensors.Out(name, dims, values);
  }
}
