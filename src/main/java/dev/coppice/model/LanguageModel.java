// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;
import dev.coppice.data.LlmConfig;
import dev.coppice.data.LoraConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Parameters of a LLaMA-like language model with its LoRA adapter. Matrices stay where the
 * checkpoint has them, in its type; norms, biases and the adapter are copied as float32.
 */
public final class LanguageModel {
  private final Backend backend;
  private final LlmConfig config;
  private final LoraConfig lora;
  private final List<DecoderLayer> layers = new ArrayList<>();
  private final Tensor finalNorm;
  private final Tensor cosines;
  private final Tensor sines;
  private Tensor embedding;
  private Tensor head;

  /**
   * Reserves the model's tensors; {@link #load} fills them.
   *
   * @param positions longest text, P
   */
  public LanguageModel(
      Backend backend, Allocator allocator, LlmConfig config, LoraConfig lora, int positions) {
    this.backend = backend;
    this.config = config;
    this.lora = lora;
    for (int layer = 0; layer < config.layers(); layer++) {
      layers.add(new DecoderLayer(allocator, config, lora, layer));
    }
    finalNorm = allocator.f32(config.hidden());
    cosines = allocator.f32(positions, config.headDim() / 2);
    sines = allocator.f32(positions, config.headDim() / 2);
  }

  /**
   * Takes the weights.
   *
   * @param weights tensors of {@link LlmConfig#weightShapes}; used in place, so they must stay
   *     valid
   * @param adapter tensors of {@link LoraConfig#weightShapes}, copied; absent: A is drawn from
   *     {@code seed}, B is 0
   */
  public void load(WeightSource weights, Optional<WeightSource> adapter, long seed) {
    layers.forEach(layer -> layer.load(backend, weights, adapter, seed));
    embedding = weights.tensor(LlmConfig.EMBEDDING);
    head = weights.tensor(config.head());
    backend.convert(weights.tensor(LlmConfig.FINAL_NORM), finalNorm);
    writeAngles();
  }

  /** Angle of pair c at position p: {@code p theta^(-2c/C)}. */
  private void writeAngles() {
    int pairs = cosines.dim(1);
    double[] cos = new double[Math.toIntExact(cosines.size())];
    double[] sin = new double[cos.length];
    for (int c = 0; c < pairs; c++) {
      double frequency = Math.pow(config.ropeTheta(), -(double) c / pairs);
      for (int i = c, p = 0; i < cos.length; i += pairs, p++) {
        cos[i] = Math.cos(p * frequency);
        sin[i] = Math.sin(p * frequency);
      }
    }
    cosines.write(cos);
    sines.write(sin);
  }

  /** The architecture. */
  public LlmConfig config() {
    return config;
  }

  /** The adapter. */
  public LoraConfig lora() {
    return lora;
  }

  Backend backend() {
    return backend;
  }

  DecoderLayer layer(int layer) {
    return layers.get(layer);
  }

  /** Token embedding table, (V,D). */
  Tensor embedding() {
    return embedding;
  }

  /** Weight from hidden states to logits, (V,D). */
  Tensor head() {
    return head;
  }

  Tensor finalNorm() {
    return finalNorm;
  }

  /** Cosines of the rotary angles, (P,C/2). */
  Tensor cosines() {
    return cosines;
  }

  /** Sines of the rotary angles, (P,C/2). */
  Tensor sines() {
    return sines;
  }
}
