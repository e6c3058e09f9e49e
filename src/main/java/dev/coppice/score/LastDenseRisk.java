// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;
import dev.coppice.backend.Workspace;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.model.Curvature;
import dev.coppice.model.SurrogateWeights;
import dev.coppice.solve.BatchHessian;
import dev.coppice.solve.HessianProduct;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;

/**
 * Derivatives in the last block's attention output weight. With delta the gradient of the sample's
 * loss at the layer's output and x its input, {@code g(s).q = sum_t delta_t . (q x_t)}: no gradient
 * of a sample is stored.
 */
final class LastDenseRisk implements RiskDerivatives {
  private final Backend backend;
  private final SurrogateSamples samples;
  private final int width;
  private final int macroBatch;
  private final TailBatches batches;
  private final Map<Curvature, LastDenseHessian> hessians = new EnumMap<>(Curvature.class);
  private final Workspace workspace;
  private Tensors tensors;
  private double[][] directions = {};

  /** Of the scoring pass: q as a (D,D) direction of the weight, and its image of each position. */
  private record Tensors(Tensor q, Tensor image, Tensor dots, Tensor loss, Tensor sqNorm) {
    static Tensors of(Allocator a, int t, int d) {
      return new Tensors(a.f32(d, d), a.f32(t, d), a.f32(t), a.f32(t), a.f32(t));
    }
  }

  /** Reserves memory. */
  LastDenseRisk(
      Backend backend, SurrogateWeights weights, SurrogateSamples samples, InfluenceConfig config) {
    this.backend = backend;
    this.samples = samples;
    width = weights.config().hidden();
    macroBatch = config.macroBatchPositions();
    batches =
        new TailBatches(
            backend,
            weights.config(),
            samples,
            TailBatches.BLOCK_POSITIONS,
            macroBatch,
            miniBatch(weights.config().maxLen(), config),
            config.cacheBytes());
    for (Curvature curvature : Curvature.values()) {
      hessians.put(curvature, new LastDenseHessian(backend, batches, curvature, width));
    }
    workspace = backend.workspace(Workspace.plan(backend, this::layout));
    boolean loaded = false;
    try {
      layout(workspace);
      batches.load(weights);
      loaded = true;
    } finally {
      if (!loaded) {
        workspace.close();
      }
    }
  }

  /** Most positions of a mini-batch of LiSSA. */
  private static int miniBatch(int maxLen, InfluenceConfig config) {
    boolean lissa = config.solver() == InfluenceConfig.Solver.LISSA;
    return lissa ? (int) Math.min(Integer.MAX_VALUE, (long) maxLen * config.lissaBatch()) : 0;
  }

  private void layout(Allocator allocator) {
    batches.layout(allocator);
    hessians.values().forEach(hessian -> hessian.layout(allocator));
    tensors = Tensors.of(allocator, batches.capacity(), width);
  }

  @Override
  public int size() {
    return width * width;
  }

  @Override
  public double[] meanGradient() {
    return hessians.get(Curvature.HESSIAN).meanGradient();
  }

  @Override
  public HessianProduct mean(Curvature curvature) {
    return hessians.get(curvature);
  }

  @Override
  public BatchHessian ofSamples(Curvature curvature) {
    return hessians.get(curvature).ofSamples();
  }

  @Override
  public double[] dense(Curvature curvature) {
    return hessians.get(curvature).dense();
  }

  @Override
  public void aim(double[]... directions) {
    this.directions = directions.clone();
  }

  @Override
  public GradientScores score(int[] ids) {
    if (directions.length == 0) {
      throw new IllegalStateException("aim first");
    }
    GradientScores result = GradientScores.of(directions.length, ids.length);
    int from = 0;
    int positions = 0;
    for (int i = 0; i < ids.length; i++) {
      int length = samples.transitions(ids[i]);
      if (i > from && positions + length > macroBatch) {
        scoreRun(ids, from, i, result);
        from = i;
        positions = 0;
      }
      positions += length;
    }
    scoreRun(ids, from, ids.length, result);
    return result;
  }

  private void scoreRun(int[] ids, int from, int to, GradientScores result) {
    TailBatches.Evaluated batch = batches.evaluate(Arrays.copyOfRange(ids, from, to));
    int count = to - from;
    Tensor x = batch.state().x();
    Tensor image = tensors.image().rows(0, x.dim(0));
    Tensor dots = tensors.dots().rows(0, count);
    Tensor loss = tensors.loss().rows(0, count);
    Tensor sqNorm = tensors.sqNorm().rows(0, count);
    for (int k = 0; k < directions.length; k++) {
      tensors.q().write(directions[k]);
      backend.gemm(false, true, 1f, x, tensors.q(), 0f, image);
      backend.segmentDot(batch.offsets(), batch.delta(), image, dots);
      System.arraycopy(dots.doubles(), 0, result.dots()[k], from, count);
    }
    backend.segmentSum(batch.offsets(), batch.loss(), batch.state().weights(), loss);
    backend.linearGradSqNorm(batch.offsets(), x, batch.delta(), sqNorm);
    System.arraycopy(loss.doubles(), 0, result.loss(), from, count);
    double[] squares = sqNorm.doubles();
    for (int i = 0; i < count; i++) {
      result.gradNorm()[from + i] = Math.sqrt(squares[i]);
    }
  }

  @Override
  public void close() {
    workspace.close();
  }
}
