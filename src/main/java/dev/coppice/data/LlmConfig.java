// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Architecture of a LLaMA-like decoder: pre-norm layers of grouped causal attention with rotary
 * positions and of SwiGLU, RMSNorm throughout.
 *
 * @param architecture class name of the checkpoint, as {@code LlamaForCausalLM}
 * @param vocabulary rows of the embedding, V
 * @param hidden width of the residual stream, D
 * @param intermediate width inside SwiGLU
 * @param layers number of decoder layers
 * @param heads query heads, H
 * @param kvHeads key and value heads, G; a divisor of H
 * @param headDim width of a head, C; even
 * @param rmsNormEps added to the mean square
 * @param ropeTheta base of the rotary angles {@code p theta^(-2c/C)}
 * @param maxPositions longest text the model was made for, in tokens
 * @param tiedEmbeddings whether the head is the embedding table
 * @param biased linear layers with a bias
 */
public record LlmConfig(
    String architecture,
    int vocabulary,
    int hidden,
    int intermediate,
    int layers,
    int heads,
    int kvHeads,
    int headDim,
    double rmsNormEps,
    double ropeTheta,
    int maxPositions,
    boolean tiedEmbeddings,
    Set<Projection> biased) {
  /** Name of the token embedding table, (V,D). */
  public static final String EMBEDDING = "model.embed_tokens.weight";

  /** Name of the last norm's weight, (D). */
  public static final String FINAL_NORM = "model.norm.weight";

  /** Copies the set. */
  public LlmConfig {
    biased = Set.copyOf(biased);
  }

  /** Name of the weight from hidden states to logits, (V,D). */
  public String head() {
    return tiedEmbeddings ? EMBEDDING : "lm_head.weight";
  }

  /** Name of the weight of the norm before a layer's attention, (D). */
  public static String inputNorm(int layer) {
    return "model.layers." + layer + ".input_layernorm.weight";
  }

  /** Name of the weight of the norm before a layer's SwiGLU, (D). */
  public static String middleNorm(int layer) {
    return "model.layers." + layer + ".post_attention_layernorm.weight";
  }

  /** Shape of every tensor that a checkpoint must hold, by its Hugging Face name. */
  public Map<String, int[]> weightShapes() {
    Map<String, int[]> shapes = new LinkedHashMap<>();
    shapes.put(EMBEDDING, new int[] {vocabulary, hidden});
    for (int layer = 0; layer < layers; layer++) {
      shapes.put(inputNorm(layer), new int[] {hidden});
      for (Projection projection : Projection.values()) {
        String module = projection.module(layer);
        shapes.put(module + ".weight", new int[] {projection.out(this), projection.in(this)});
        if (biased.contains(projection)) {
          shapes.put(module + ".bias", new int[] {projection.out(this)});
        }
      }
      shapes.put(middleNorm(layer), new int[] {hidden});
    }
    shapes.put(FINAL_NORM, new int[] {hidden});
    shapes.put(head(), new int[] {vocabulary, hidden});
    return shapes;
  }
}
