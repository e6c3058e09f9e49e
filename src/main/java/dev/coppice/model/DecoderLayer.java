// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;
import dev.coppice.data.LlmConfig;
import dev.coppice.data.LoraConfig;
import dev.coppice.data.Projection;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/** Parameters of one decoder layer: two norms and seven linear layers. */
final class DecoderLayer {
  final Tensor inputNorm;
  final Tensor middleNorm;
  private final int layer;
  private final Map<Projection, LoraLinear> linears = new EnumMap<>(Projection.class);

  DecoderLayer(Allocator allocator, LlmConfig config, LoraConfig lora, int layer) {
    this.layer = layer;
    inputNorm = allocator.f32(config.hidden());
    middleNorm = allocator.f32(config.hidden());
    for (Projection projection : Projection.values()) {
      LoraConfig.Target target = new LoraConfig.Target(layer, projection);
      linears.put(projection, new LoraLinear(allocator, config, lora, target));
    }
  }

  void load(Backend backend, WeightSource weights, Optional<WeightSource> adapter, long seed) {
    backend.convert(weights.tensor(LlmConfig.inputNorm(layer)), inputNorm);
    backend.convert(weights.tensor(LlmConfig.middleNorm(layer)), middleNorm);
    linears.values().forEach(linear -> linear.load(backend, weights, adapter, seed));
  }

  LoraLinear linear(Projection projection) {
    return linears.get(projection);
  }
}
