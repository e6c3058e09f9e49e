// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.data.LlmConfig;
import dev.coppice.data.LoraConfig;
import dev.coppice.data.Projection;
import java.util.List;

/**
 * Multiply-adds of an effort pass, from the shapes alone: matrix products with weights, LoRA and
 * attention; what grows with the width only is left out. T positions of a sample, P of them shared,
 * M scored.
 *
 * @param layers forward pass of all layers but the last
 * @param last the last layer, the head and their backward pass
 * @param back backward pass of the layers below the last, with the forward pass that it repeats
 */
record EffortCost(double layers, double last, double back) {
  static final EffortCost NONE = new EffortCost(0, 0, 0);

  EffortCost plus(EffortCost other) {
    return new EffortCost(layers + other.layers, last + other.last, back + other.back);
  }

  EffortCost times(double factor) {
    return new EffortCost(factor * layers, factor * last, factor * back);
  }

  double total() {
    return layers + last + back;
  }

  /** The shared positions, which every macro-batch computes once. */
  static EffortCost ofPrefix(EffortPlan plan) {
    int shared = plan.config().prefix().length();
    int scored = 0;
    for (int t = 1; t <= shared; t++) {
      scored += plan.config().prefix().scored()[t] ? 1 : 0;
    }
    Shapes shapes = new Shapes(plan);
    double forward = (plan.architecture().layers() - 1) * shapes.layer(shared, shared);
    double last = plan.wholeBackward() ? 0 : shapes.last(shared, shared, scored);
    return new EffortCost(forward, last, 0);
  }

  /**
   * A sample without its shared positions.
   *
   * @param length tokens of the sample, T
   * @param targets scored ones, M, those among the shared too
   */
  static EffortCost ofSample(EffortPlan plan, int length, int targets) {
    int shared = plan.config().prefix().length();
    Shapes shapes = new Shapes(plan);
    double forward = (plan.architecture().layers() - 1) * shapes.layer(length - shared, length);
    if (plan.wholeBackward()) {
      int below = plan.architecture().layers() - 1 - plan.lowest();
      double back = below * shapes.back(length);
      return new EffortCost(forward, shapes.last(length, length, targets), back);
    }
    int own = targets;
    for (int t = 1; t <= shared; t++) {
      own -= plan.config().prefix().scored()[t] ? 1 : 0;
    }
    return new EffortCost(forward, shapes.last(length - shared, length, own), 0);
  }

  /** The same with one layer below the last instead of all. */
  EffortCost withOneLayer(EffortPlan plan) {
    int layers = plan.architecture().layers() - 1;
    int below = layers - plan.lowest();
    return new EffortCost(this.layers / Math.max(1, layers), last, back / Math.max(1, below));
  }

  /** Products of one position with the weights of a layer. */
  private static final class Shapes {
    private final LlmConfig config;
    private final LoraConfig lora;
    private final boolean whole;

    Shapes(EffortPlan plan) {
      config = plan.architecture();
      lora = plan.lora();
      whole = plan.wholeBackward();
    }

    private double weights(int layer, List<Projection> projections) {
      double products = lora(layer, projections);
      for (Projection projection : projections) {
        products += (double) projection.in(config) * projection.out(config);
      }
      return products;
    }

    private double lora(int layer, List<Projection> projections) {
      double products = 0;
      for (Projection projection : projections) {
        LoraConfig.Size size = lora.sizes().get(config.target(layer, projection));
        double widths = (double) projection.in(config) + projection.out(config);
        products += size == null ? 0 : size.rank() * widths;
      }
      return products;
    }

    /** Queries with keys, and weights with values, of one sample. */
    private double attention(int length) {
      return 0.5 * length * (length + 1.0) * 2 * config.heads() * config.headDim();
    }

    double layer(int own, int length) {
      return own * weights(0, List.of(Projection.values())) + attention(length);
    }

    /** A layer again and back: queries, keys, values, weights and their gradient in attention. */
    double back(int length) {
      List<Projection> all = List.of(Projection.values());
      return length * (2 * weights(0, all) + lora(0, all)) + 3.5 * attention(length);
    }

    double last(int own, int length, int scored) {
      int last = config.layers() - 1;
      List<Projection> inputs = List.of(Projection.Q, Projection.K, Projection.V);
      double heads = own * weights(last, inputs) + 2 * attention(length);
      double rest = weights(last, List.of(Projection.values())) - weights(last, inputs);
      double head = (double) config.vocabulary() * config.hidden();
      return heads + scored * 2 * (rest + head) + (whole ? heads : 0);
    }
  }
}
