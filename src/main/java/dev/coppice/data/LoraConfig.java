// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A LoRA adapter: {@code y = W x + scale B A x} on some of a model's linear layers.
 *
 * @param rank rows of A, R
 * @param alpha numerator of the scale
 * @param rankStabilized whether the scale is {@code alpha/sqrt(R)} instead of {@code alpha/R}
 * @param targets the adapted linear layers, without repetition
 * @see <a href="https://arxiv.org/abs/2106.09685">Hu et al. 2021</a>
 * @see <a href="https://arxiv.org/abs/2312.03732">Kalajdzievski 2023</a> for the stabilised scale
 */
public record LoraConfig(int rank, double alpha, boolean rankStabilized, List<Target> targets) {

  /**
   * One adapted linear layer.
   *
   * @param layer decoder layer
   * @param projection which of its linear layers
   */
  public record Target(int layer, Projection projection) {
    /** Name of A, (R,I): {@code model.layers.3.self_attn.q_proj.lora_A}. */
    public String loraA() {
      return projection.module(layer) + ".lora_A";
    }

    /** Name of B, (O,R). */
    public String loraB() {
      return projection.module(layer) + ".lora_B";
    }
  }

  /** Copies the list. */
  public LoraConfig {
    targets = List.copyOf(targets);
  }

  /** The adapter of a model that comes without one: rank 8, alpha 16 on every q_proj and v_proj. */
  public static LoraConfig fresh(LlmConfig config) {
    List<Target> targets = new ArrayList<>();
    for (int layer = 0; layer < config.layers(); layer++) {
      targets.add(new Target(layer, Projection.Q));
      targets.add(new Target(layer, Projection.V));
    }
    return new LoraConfig(8, 16, false, targets);
  }

  /** What B A is multiplied by. */
  public double scale() {
    return alpha / (rankStabilized ? Math.sqrt(rank) : rank);
  }

  /** Shape of every A and B, by {@link Target#loraA} and {@link Target#loraB}. */
  public Map<String, int[]> weightShapes(LlmConfig config) {
    Map<String, int[]> shapes = new LinkedHashMap<>();
    for (Target target : targets) {
      shapes.put(target.loraA(), new int[] {rank, target.projection().in(config)});
      shapes.put(target.loraB(), new int[] {target.projection().out(config), rank});
    }
    return shapes;
  }
}
