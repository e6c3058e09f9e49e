// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline.demo;

import dev.coppice.io.JsonFile;
import dev.coppice.io.SafeTensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A tiny LLaMA with seeded random weights, in Hugging Face layout. It knows nothing; what matters
 * is that it is read and computed like a large one.
 *
 * @param hidden width of the residual stream
 * @param layers decoder layers
 * @param heads query heads
 * @param groups key/value heads
 * @param intermediate width of the gated layer
 * @param positions longest text
 */
record DemoModel(int hidden, int layers, int heads, int groups, int intermediate, int positions) {
  /** Large enough that scores differ, small enough that a laptop scores 2,000 samples at once. */
  static final DemoModel TINY = new DemoModel(64, 2, 4, 2, 172, 512);

  /** Writes {@code config.json}, {@code model.safetensors} and {@code tokenizer.json}. */
  void write(Path folder, long seed) throws IOException {
    JsonFile.write(folder.resolve("config.json"), config());
    DemoTokenizer.write(folder.resolve("tokenizer.json"));
    SafeTensors.write(folder.resolve("model.safetensors"), Map.of("format", "pt"), tensors(seed));
  }

  private Map<String, Object> config() {
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("architectures", List.of("LlamaForCausalLM"));
    config.put("model_type", "llama");
    config.put("vocab_size", DemoTokenizer.VOCABULARY);
    config.put("hidden_size", hidden);
    config.put("intermediate_size", intermediate);
    config.put("num_hidden_layers", layers);
    config.put("num_attention_heads", heads);
    config.put("num_key_value_heads", groups);
    config.put("hidden_act", "silu");
    config.put("rms_norm_eps", 1e-5);
    config.put("rope_theta", 10000.0);
    config.put("max_position_embeddings", positions);
    config.put("tie_word_embeddings", false);
    config.put("bos_token_id", DemoTokenizer.BOS);
    config.put("eos_token_id", DemoTokenizer.EOS);
    config.put("torch_dtype", "float32");
    return config;
  }

  private List<SafeTensors.Out> tensors(long seed) {
    int keys = hidden / heads * groups;
    List<SafeTensors.Out> tensors = new ArrayList<>();
    random(tensors, seed, "model.embed_tokens.weight", DemoTokenizer.VOCABULARY, hidden, 1.0);
    for (int layer = 0; layer < layers; layer++) {
      String prefix = "model.layers." + layer + ".";
      ones(tensors, prefix + "input_layernorm.weight");
      linear(tensors, seed, prefix + "self_attn.q_proj.weight", hidden, hidden);
      linear(tensors, seed, prefix + "self_attn.k_proj.weight", keys, hidden);
      linear(tensors, seed, prefix + "self_attn.v_proj.weight", keys, hidden);
      linear(tensors, seed, prefix + "self_attn.o_proj.weight", hidden, hidden);
      ones(tensors, prefix + "post_attention_layernorm.weight");
      linear(tensors, seed, prefix + "mlp.gate_proj.weight", intermediate, hidden);
      linear(tensors, seed, prefix + "mlp.up_proj.weight", intermediate, hidden);
      linear(tensors, seed, prefix + "mlp.down_proj.weight", hidden, intermediate);
    }
    ones(tensors, "model.norm.weight");
    linear(tensors, seed, "lm_head.weight", DemoTokenizer.VOCABULARY, hidden);
    return tensors;
  }

  private static void linear(
      List<SafeTensors.Out> tensors, long seed, String name, int out, int in) {
    random(tensors, seed, name, out, in, 1 / Math.sqrt(in));
  }

  private static void random(
      List<SafeTensors.Out> tensors, long seed, String name, int rows, int width, double scale) {
    Draws draws = new Draws(seed, Draws.TENSOR, tensors.size());
    float[] values = new float[rows * width];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (scale * draws.normal());
    }
    tensors.add(new SafeTensors.Out(name, new long[] {rows, width}, values));
  }

  private void ones(List<SafeTensors.Out> tensors, String name) {
    float[] values = new float[hidden];
    Arrays.fill(values, 1.0f);
    tensors.add(new SafeTensors.Out(name, new long[] {hidden}, values));
  }
}
