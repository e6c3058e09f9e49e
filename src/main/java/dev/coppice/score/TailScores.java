// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;
import dev.coppice.score.RiskDerivatives.GradientScores;
import java.util.Arrays;

/**
 * Scores of samples from the tail of the model: with delta the gradient of the sample's loss at the
 * layer's output and x its input, {@code g(s).q = sum_t delta_t . (q x_t)}: no gradient of a sample
 * is stored.
 */
final class TailScores {
  private final Backend backend;
  private final TailBatches batches;
  private final int width;
  private Tensors tensors;

  /** A direction q of the weight (D,D), its image of each position, and sums a sample. */
  private record Tensors(Tensor q, Tensor image, Tensor dots, Tensor loss, Tensor sqNorm) {
    static Tensors of(Allocator a, int t, int d) {
      return new Tensors(a.f32(d, d), a.f32(t, d), a.f32(t), a.f32(t), a.f32(t));
    }
  }

  /** Of the samples of {@code batches}; {@link #layout} must follow. */
  TailScores(Backend backend, TailBatches batches, int width) {
    this.backend = backend;
    this.batches = batches;
    this.width = width;
  }

  /** Takes its tensors; called once to count and once more with memory. */
  void layout(Allocator allocator) {
    tensors = Tensors.of(allocator, batches.capacity(), width);
  }

  /**
   * Scores a run of samples that fits one evaluation.
   *
   * @param directions each (D*D)
   * @param ids of scorable samples
   * @param from first of the run
   * @param to after its last
   * @param result receives the scores at {@code from .. to-1}
   */
  void score(double[][] directions, int[] ids, int from, int to, GradientScores result) {
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
}
