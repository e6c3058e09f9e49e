// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;
import dev.coppice.data.LlmConfig;
import dev.coppice.data.LoraConfig;
import dev.coppice.data.Projection;
import dev.coppice.random.Philox;
import dev.coppice.random.Purpose;
import java.util.Optional;

/**
 * A linear layer with an optional LoRA adapter: {@code y = x W^T + bias + scale (x A^T) B^T}; x
 * (T,I), y (T,O), W (O,I), A (R,I), B (O,R). W stays where the checkpoint has it; the small tensors
 * are copied as float32. Of a module that holds several layers, each takes its rows of W, bias and
 * B, and all have A.
 */
public final class LoraLinear {
  private final LoraConfig.Target target;
  private final int firstRow; // of the module's W, bias and B
  private final Projection moduleFirst;
  private final Tensor bias;
  private final Tensor loraA;
  private final Tensor loraB;
  private final float scale;
  private final int out;
  private Tensor weight;

  LoraLinear(Allocator allocator, LlmConfig config, LoraConfig lora, LoraConfig.Target target) {
    this.target = target;
    int in = target.projection().in(config);
    int out = target.projection().out(config);
    LoraConfig.Size size = lora.sizes().get(target);
    firstRow = config.firstRow(target.projection());
    moduleFirst = config.moduleFirst(target.projection());
    bias = config.biased().contains(target.projection()) ? allocator.f32(out) : null;
    loraA = size != null ? allocator.f32(size.rank(), in) : null;
    loraB = size != null ? allocator.f32(out, size.rank()) : null;
    scale = size != null ? (float) size.scale() : 0;
    this.out = out;
  }

  /** Takes the weights; without {@code adapter} A is drawn and B is 0. */
  void load(Backend backend, WeightSource weights, Optional<WeightSource> adapter, long seed) {
    weight = rows(weights.tensor(target.module() + ".weight"));
    if (bias != null) {
      backend.convert(rows(weights.tensor(target.module() + ".bias")), bias);
    }
    if (adapted() && adapter.isPresent()) {
      backend.convert(adapter.get().tensor(target.loraA()), loraA);
      backend.convert(rows(adapter.get().tensor(target.loraB())), loraB);
    } else if (adapted()) {
      loraA.write(freshA(seed));
      backend.fill(loraB, 0);
    }
  }

  /** Its own of the rows that its module may share with others. */
  private Tensor rows(Tensor module) {
    return module.rows(firstRow, out);
  }

  /**
   * Kaiming-uniform with a = sqrt 5, as PEFT draws it: {@code (2u - 1)/sqrt(I)}; u of element i is
   * the draw of {@link Purpose#LORA_INIT} at (layer, ordinal of the module's first projection, i).
   */
  private float[] freshA(long seed) {
    float[] values = new float[Math.toIntExact(loraA.size())];
    double bound = 1 / Math.sqrt(loraA.dim(1));
    int projection = moduleFirst.ordinal();
    for (int i = 0; i < values.length; i++) {
      double u = Philox.uniform(seed, Purpose.LORA_INIT, target.layer(), projection, i);
      values[i] = (float) ((2 * u - 1) * bound);
    }
    return values;
  }

  /** Which layer of the model it is. */
  public LoraConfig.Target target() {
    return target;
  }

  /** Whether it has A and B. */
  public boolean adapted() {
    return loraA != null;
  }

  /** What B A is multiplied by. */
  public float scale() {
    return scale;
  }

  /** {@code xa = x A^T}, (T,R). */
  public void intoRank(Backend backend, Tensor x, Tensor xa) {
    backend.gemm(false, true, 1, x, loraA, 0, xa);
  }

  /** {@code dyb = dy B}, (T,R), or {@code +=}. */
  public void backIntoRank(Backend backend, Tensor dy, boolean accumulate, Tensor dyb) {
    backend.gemm(false, false, 1, dy, loraB, accumulate ? 1 : 0, dyb);
  }

  /** Rows of A; 0 without. */
  public int rank() {
    return adapted() ? loraA.dim(0) : 0;
  }

  /**
   * {@code y = layer(x)}, or {@code +=}.
   *
   * @param xa receives x A^T where adapted, (T,R)
   */
  void forward(Backend backend, Tensor x, boolean accumulate, Tensor y, Tensor xa) {
    backend.gemm(false, true, 1, x, weight, accumulate ? 1 : 0, y);
    if (bias != null) {
      backend.biasForward(bias, y);
    }
    if (adapted()) {
      intoRank(backend, x, xa);
      backend.gemm(false, true, scale, xa, loraB, 1, y);
    }
  }

  /**
   * {@code dx = dy W + scale (dy B) A}, or {@code +=}.
   *
   * @param dyb receives dy B where adapted, (T,R)
   */
  void backward(Backend backend, Tensor dy, boolean accumulate, Tensor dx, Tensor dyb) {
    backend.gemm(false, false, 1, dy, weight, accumulate ? 1 : 0, dx);
    if (adapted()) {
      backIntoRank(backend, dy, false, dyb);
      backend.gemm(false, false, scale, dyb, loraA, 1, dx);
    }
  }
}
