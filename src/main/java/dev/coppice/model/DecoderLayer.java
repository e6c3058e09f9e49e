// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.AttentionRule;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;
import dev.coppice.data.LayerNorm;
import dev.coppice.data.LlmConfig;
import dev.coppice.data.LoraConfig;
import dev.coppice.data.Projection;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/** Parameters of one decoder layer: its norms, seven linear layers, and how it attends. */
final class DecoderLayer {
  private final LlmConfig config;
  private final int layer;
  private final AttentionRule rule;
  private final RotaryTable rotary;
  private final Map<LayerNorm, Tensor> norms = new EnumMap<>(LayerNorm.class);
  private final Map<Projection, LoraLinear> linears = new EnumMap<>(Projection.class);

  DecoderLayer(
      Allocator allocator, LlmConfig config, LoraConfig lora, int layer, RotaryTable rotary) {
    this.config = config;
    this.layer = layer;
    this.rotary = rotary;
    rule =
        new AttentionRule(
            config.design().attentionScale(),
            config.attention().get(layer).window(),
            config.design().scoreCap());
    for (LayerNorm norm : LayerNorm.of(config.design())) {
      norms.put(norm, allocator.f32(norm.width(config)));
    }
    for (Projection projection : Projection.values()) {
      LoraConfig.Target target = config.target(layer, projection);
      linears.put(projection, new LoraLinear(allocator, config, lora, target));
    }
  }

  /** Takes the weights; {@code normOffset}, (1), is added to each norm's unless it is null. */
  void load(
      Backend backend,
      WeightSource weights,
      Optional<WeightSource> adapter,
      long seed,
      Tensor normOffset) {
    norms.forEach(
        (norm, weight) -> {
          backend.convert(weights.tensor(config.norm(layer, norm)), weight);
          if (normOffset != null) {
            backend.biasForward(normOffset, weight.reshape(weight.dim(0), 1));
          }
        });
    linears.values().forEach(linear -> linear.load(backend, weights, adapter, seed));
  }

  LoraLinear linear(Projection projection) {
    return linears.get(projection);
  }

  boolean has(LayerNorm norm) {
    return norms.containsKey(norm);
  }

  /** A norm's weight, or null where the layer does not have it. */
  Tensor norm(LayerNorm norm) {
    return norms.get(norm);
  }

  AttentionRule rule() {
    return rule;
  }

  RotaryTable rotary() {
    return rotary;
  }
}
