// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.backend.Backend;
import dev.coppice.backend.ReferenceBackend;
import dev.coppice.backend.Tensor;
import dev.coppice.backend.Workspace;
import dev.coppice.data.LlmConfig;
import dev.coppice.data.LoraConfig;
import dev.coppice.data.Projection;
import dev.coppice.data.TokenSample;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Norms against central differences of the loss in every element of every LoRA tensor. */
class EffortGradientTest {
  private static final double STEP = 1e-4;
  private static final LlmConfig MODEL =
      new LlmConfig(
          "LlamaForCausalLM", 11, 6, 5, 2, 4, 2, 4, 1e-5, 100, 16, false, Set.of(Projection.O));
  private static final List<TokenSample> SAMPLES =
      List.of(
          new TokenSample(
              0, new int[] {3, 1, 4, 1, 5}, new boolean[] {false, true, true, true, true}),
          new TokenSample(1, new int[] {2, 7, 10, 8}, new boolean[] {false, false, true, false}));

  // Ranks whose scale is a binary fraction: it is then exact in float32.

  @Test
  void everyNormIsThatOfTheDifferences() {
    List<LoraConfig.Target> targets = new ArrayList<>();
    for (int layer = 0; layer < MODEL.layers(); layer++) {
      for (Projection projection : Projection.values()) {
        targets.add(MODEL.target(layer, projection));
      }
    }
    check(LoraConfig.uniform(LoraConfig.Size.of(1, 1.5, false), targets));
  }

  @Test
  void stabilisedScaleAndLayersBelowTheAdapter() {
    List<LoraConfig.Target> targets =
        List.of(MODEL.target(1, Projection.K), MODEL.target(1, Projection.UP));
    check(LoraConfig.uniform(LoraConfig.Size.of(4, 6, true), targets));
  }

  private static void check(LoraConfig lora) {
    Random random = new Random(11);
    Map<String, double[]> base = draw(MODEL.weightShapes(), random);
    Map<String, double[]> adapter = draw(lora.weightShapes(MODEL), random);
    try (Backend backend = new ReferenceBackend()) {
      EffortBatch batch = score(backend, lora, base, adapter);
      adapter.forEach(
          (name, values) -> {
            double[] squares = new double[SAMPLES.size()];
            for (int i = 0; i < values.length; i++) {
              double kept = values[i];
              values[i] = kept + STEP;
              double[] above = score(backend, lora, base, adapter).loss();
              values[i] = kept - STEP;
              double[] below = score(backend, lora, base, adapter).loss();
              values[i] = kept;
              for (int s = 0; s < squares.length; s++) {
                squares[s] += Math.pow((above[s] - below[s]) / (2 * STEP), 2);
              }
            }
            double[] norms = new double[squares.length];
            for (int s = 0; s < squares.length; s++) {
              norms[s] = Math.sqrt(squares[s]);
            }
            // Differences err by STEP^2/6 of the third derivative.
            LlmFixture.assertClose(norms, batch.tensorNorms().get(name), 1e-6, name);
          });
    }
  }

  private static EffortBatch score(
      Backend backend, LoraConfig lora, Map<String, double[]> base, Map<String, double[]> adapter) {
    Map<String, int[]> shapes = new LinkedHashMap<>(MODEL.weightShapes());
    shapes.putAll(lora.weightShapes(MODEL));
    long bytes = Workspace.plan(backend, a -> shapes.values().forEach(a::f32));
    try (Workspace workspace = backend.workspace(bytes)) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      shapes.forEach((name, shape) -> tensors.put(name, workspace.f32(shape)));
      base.forEach((name, values) -> tensors.get(name).write(values));
      adapter.forEach((name, values) -> tensors.get(name).write(values));
      EffortConfig config = new EffortConfig(EffortParams.ALL_LORA, 5, 1L << 20, 0);
      try (EffortScorer scorer =
          new EffortScorer(backend, MODEL, lora, tensors::get, Optional.of(tensors::get), config)) {
        return scorer.score(SAMPLES);
      }
    }
  }

  private static Map<String, double[]> draw(Map<String, int[]> shapes, Random random) {
    Map<String, double[]> weights = new LinkedHashMap<>();
    shapes.forEach(
        (name, shape) -> {
          int size = 1;
          for (int extent : shape) {
            size *= extent;
          }
          double shift = name.contains("norm") ? 1 : 0;
          weights.put(name, random.doubles(size).map(u -> shift + 1.2 * (u - 0.5)).toArray());
        });
    return weights;
  }
}
