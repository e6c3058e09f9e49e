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
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/** Writes a LLaMA checkpoint with seeded weights. */
public final class LargeModel {
  private LargeModel() {}

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

  public static void write(Path folder, LlmConfig config) throws IOException {
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
    SplittableRandom random = new SplittableRandom(1);
    List<SafeTensors.Out> tensors = new ArrayList<>();
    config
        .weightShapes()
        .forEach(
            (name, shape) -> {
              float[] values = new float[Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
              float width = (float) (1 / Math.sqrt(shape[shape.length - 1]));
              for (int i = 0; i < values.length; i++) {
                values[i] = shape.length == 1 ? 1 : width * (float) (random.nextDouble() * 2 - 1);
              }
              long[] dims = Arrays.stream(shape).asLongStream().toArray();
              tensors.add(new SafeTensors.Out(name, dims, values));
            });
    SafeTensors.write(folder.resolve("model.safetensors"), Map.of(), tensors);
  }
}
