// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A LoRA adapter: {@code y = W x + scale B A x} on some of a model's linear layers.
 *
 * @param sizes the adapted linear layers, in order. Those of one fused module share A and have
 *     their rows of its B, and come with all of them
 * @see <a href="https://arxiv.org/abs/2106.09685">Hu et al. 2021</a>
 */
public record LoraConfig(Map<Target, Size> sizes) {

  /**
   * One adapted linear layer.
   *
   * @param layer decoder layer
   * @param projection which of its linear layers
   * @param module the module of the checkpoint that holds it
   * @see LlmConfig#target
   */
  public record Target(int layer, Projection projection, String module) {
    /** Name of A, (R,I): {@code model.layers.3.self_attn.q_proj.lora_A}. */
    public String loraA() {
      return module + ".lora_A";
    }

    /** Name of B, (O,R), or of the fused B that has its rows. */
    public String loraB() {
      return module + ".lora_B";
    }
  }

  /**
   * How large a target's A and B are, and how much they weigh.
   *
   * @param rank rows of A, R
   * @param scale what B A is multiplied by
   */
  public record Size(int rank, double scale) {
    /**
     * As an adapter's configuration gives it.
     *
     * @param rankStabilized whether the scale is {@code alpha/sqrt(R)} instead of {@code alpha/R}
     * @see <a href="https://arxiv.org/abs/2312.03732">Kalajdzievski 2023</a> for the stabilised
     *     scale
     */
    public static Size of(int rank, double alpha, boolean rankStabilized) {
      return new Size(rank, alpha / (rankStabilized ? Math.sqrt(rank) : rank));
    }
  }

  /** Copies the map. */
  public LoraConfig {
    sizes = Collections.unmodifiableMap(new LinkedHashMap<>(sizes));
  }

  /** The same size everywhere. */
  public static LoraConfig uniform(Size size, List<Target> targets) {
    Map<Target, Size> sizes = new LinkedHashMap<>();
    targets.forEach(target -> sizes.put(target, size));
    return new LoraConfig(sizes);
  }

  /**
   * The adapter of a model that comes without one: rank 8, alpha 16 on every q_proj and v_proj, or
   * on every qkv_proj.
   */
  public static LoraConfig fresh(LlmConfig config) {
    Map<Target, Size> sizes = new LinkedHashMap<>();
    Size size = Size.of(8, 16, false);
    for (int layer = 0; layer < config.layers(); layer++) {
      sizes.put(config.target(layer, Projection.Q), size);
      if (config.design().fused()) {
        sizes.put(config.target(layer, Projection.K), size);
      }
      sizes.put(config.target(layer, Projection.V), size);
    }
    return new LoraConfig(sizes);
  }

  /** The adapted linear layers, without repetition. */
  public List<Target> targets() {
    return List.copyOf(sizes.keySet());
  }

  /** The largest rank of all; 1 for an adapter of nothing. */
  public int largestRank() {
    return sizes.values().stream().mapToInt(Size::rank).max().orElse(1);
  }

  /** Shape of every A and B, by {@link Target#loraA} and {@link Target#loraB}. */
  public Map<String, int[]> weightShapes(LlmConfig config) {
    Map<String, int[]> shapes = new LinkedHashMap<>();
    sizes.forEach(
        (target, size) -> {
          Projection projection = target.projection();
          shapes.put(target.loraA(), new int[] {size.rank(), projection.in(config)});
          shapes.put(target.loraB(), new int[] {config.moduleRows(projection), size.rank()});
        });
    return shapes;
  }
}
