// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;
import dev.coppice.data.LlmConfig;
import dev.coppice.data.LoraConfig;
import dev.coppice.data.Projection;
import dev.coppice.data.RotaryAngles;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Parameters of a language model with its LoRA adapter. Matrices stay where the checkpoint has
 * them, in its type; norms, biases and the adapter are copied as float32.
 */
public final class LanguageModel {
  private final Backend backend;
  private final LlmConfig config;
  private final LoraConfig lora;
  private final List<DecoderLayer> layers = new ArrayList<>();
  private final Tensor finalNorm;
  private final Map<RotaryAngles, RotaryTable> rotary = new LinkedHashMap<>();
  private final Tensor normOffset; // (1), or null
  private WeightSource source;
  private Tensor embedding;
  private Tensor head;

  /**
   * Reserves the model's tensors; {@link #load} fills them.
   *
   * @param positions longest text, P; positions of texts longer than {@link LlmConfig#shortTexts}
   *     are counted from P on
   */
  public LanguageModel(
      Backend backend, Allocator allocator, LlmConfig config, LoraConfig lora, int positions) {
    this.backend = backend;
    this.config = config;
    this.lora = lora;
    int rows = positions > config.shortTexts() ? Math.multiplyExact(2, positions) : positions;
    for (int layer = 0; layer < config.layers(); layer++) {
      RotaryTable table =
          rotary.computeIfAbsent(
              config.attention().get(layer).angles(),
              angles -> RotaryTable.allocate(allocator, angles, positions, rows));
      layers.add(new DecoderLayer(allocator, config, lora, layer, table));
    }
    finalNorm = allocator.f32(config.hidden());
    normOffset = config.design().normOffset() == 0 ? null : allocator.f32(1);
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
    if (normOffset != null) {
      backend.fill(normOffset, (float) config.design().normOffset());
    }
    layers.forEach(layer -> layer.load(backend, weights, adapter, seed, normOffset));
    source = weights;
    embedding = weights.tensor(LlmConfig.EMBEDDING);
    head = weights.tensor(config.head());
    backend.convert(weights.tensor(LlmConfig.FINAL_NORM), finalNorm);
    if (normOffset != null) {
      backend.biasForward(normOffset, finalNorm.reshape(finalNorm.dim(0), 1));
    }
    rotary.values().forEach(RotaryTable::write);
  }

  /** Size of the matrices, where the checkpoint has them. */
  public long matrixBytes() {
    Set<String> names = new LinkedHashSet<>(List.of(LlmConfig.EMBEDDING));
    for (int layer = 0; layer <= config.layers(); layer++) {
      names.addAll(matrices(layer));
    }
    return names.stream()
        .map(source::tensor)
        .mapToLong(matrix -> matrix.size() * matrix.dtype().bytes())
        .sum();
  }

  /** A layer's matrices are read soon; after the last layer comes the head. */
  public void prefetch(int layer) {
    matrices(layer).forEach(source::prefetch);
  }

  /** A layer's matrices are not read for a while, nor is the embedding after the first layer. */
  public void release(int layer) {
    if (layer == 0) {
      source.release(LlmConfig.EMBEDDING);
    }
    matrices(layer).forEach(source::release);
  }

  private Set<String> matrices(int layer) {
    Set<String> names = new LinkedHashSet<>();
    if (layer == config.layers()) {
      names.add(config.head());
    } else {
      for (Projection projection : Projection.values()) {
        names.add(config.target(layer, projection).module() + ".weight");
      }
    }
    return names;
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
}
