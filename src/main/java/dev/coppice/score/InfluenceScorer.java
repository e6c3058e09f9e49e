// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;
import dev.coppice.backend.Workspace;
import dev.coppice.data.ConfigException;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.model.SurrogateWeights;
import dev.coppice.solve.ConjugateGradient;
import dev.coppice.solve.DirectSolve;
import dev.coppice.solve.IhvpSolution;
import dev.coppice.solve.Lissa;
import dev.coppice.solve.LissaConfig;
import java.util.Arrays;
import java.util.OptionalDouble;

/**
 * Influence of each sample on the mean training loss, through the last block's attention output
 * weight: {@code I(s) = g(s) . q}, {@code q = (H + damping I)^-1 gbar}, solved once. With delta the
 * gradient of the sample's loss at the layer's output and x its input, {@code I(s) = sum_t delta_t
 * . (q x_t)}: no gradient of a sample is stored. Negatives are those of epoch 0; no dropout.
 *
 * @see <a href="https://arxiv.org/abs/1703.04730">Koh and Liang 2017</a>
 */
public final class InfluenceScorer implements AutoCloseable {
  private static final int MAX_PRODUCTS = 1000;

  private final Backend backend;
  private final SurrogateSamples samples;
  private final InfluenceConfig config;
  private final TailBatches batches;
  private final LastDenseHessian hessian;
  private final Workspace workspace;
  private Tensors tensors;
  private boolean solved;

  /** Of the scoring pass; q as a (D,D) direction of the weight, and its image of each position. */
  private record Tensors(Tensor q, Tensor image, Tensor influence, Tensor loss, Tensor sqNorm) {
    static Tensors of(Allocator a, int t, int d) {
      return new Tensors(a.f32(d, d), a.f32(t, d), a.f32(t), a.f32(t), a.f32(t));
    }
  }

  /**
   * Reserves memory.
   *
   * @throws ConfigException if the model is too wide for the solver asked for
   * @throws IllegalArgumentException if no sample is scorable
   */
  public InfluenceScorer(
      Backend backend, SurrogateWeights weights, SurrogateSamples samples, InfluenceConfig config) {
    int width = weights.config().hidden();
    if (config.solver() == InfluenceConfig.Solver.DIRECT
        && (long) width * width > DirectSolve.MAX_PARAMETERS) {
      throw new ConfigException(
          "solver direct takes at most %d parameters, hidden %d has %d: use cg"
              .formatted(DirectSolve.MAX_PARAMETERS, width, (long) width * width));
    }
    if (samples.scorable().length == 0) {
      throw new IllegalArgumentException("no sample has a transition to score");
    }
    this.backend = backend;
    this.samples = samples;
    this.config = config;
    batches =
        new TailBatches(
            backend, weights.config(), samples, config.macroBatchPositions(), config.cacheBytes());
    hessian = new LastDenseHessian(backend, batches, config.curvature(), width);
    workspace = backend.workspace(Workspace.plan(backend, a -> layout(a, width)));
    boolean loaded = false;
    try {
      layout(workspace, width);
      batches.load(weights);
      loaded = true;
    } finally {
      if (!loaded) {
        workspace.close();
      }
    }
  }

  private void layout(Allocator allocator, int width) {
    batches.layout(allocator);
    hessian.layout(allocator);
    tensors = Tensors.of(allocator, batches.capacity(), width);
  }

  /**
   * Solves for q, which {@link #score} then uses. Gives the same bits each time.
   *
   * @throws dev.coppice.solve.SolverException if the solver fails; the message says what to change
   */
  public IhvpSolution solve() {
    double[] g = hessian.meanGradient();
    IhvpSolution solution =
        switch (config.solver()) {
          case CG ->
              ConjugateGradient.solve(
                  hessian, config.damping(), g, config.tolerance(), MAX_PRODUCTS);
          case DIRECT -> DirectSolve.solve(backend, hessian.dense(), hessian, config.damping(), g);
          case LISSA -> Lissa.solve(hessian.ofSamples(), hessian, g, lissa());
        };
    use(solution.q());
    return solution;
  }

  private LissaConfig lissa() {
    return new LissaConfig(
        config.damping(),
        config.lissaScale() == null
            ? OptionalDouble.empty()
            : OptionalDouble.of(config.lissaScale()),
        config.lissaSteps(),
        config.lissaBatch(),
        config.seed());
  }

  /**
   * Takes a q that was solved earlier.
   *
   * @param q (P)
   */
  public void use(double[] q) {
    tensors.q().write(q);
    solved = true;
  }

  /**
   * Scores some samples; a sample's numbers do not depend on the others in the call.
   *
   * @param ids scorable samples in any order
   * @throws IllegalStateException before {@link #solve} or {@link #use}
   * @throws IllegalArgumentException if a sample is unscorable
   */
  public InfluenceBatch score(int[] ids) {
    if (!solved) {
      throw new IllegalStateException("solve first");
    }
    InfluenceBatch result =
        new InfluenceBatch(new double[ids.length], new double[ids.length], new double[ids.length]);
    int from = 0;
    int positions = 0;
    for (int i = 0; i < ids.length; i++) {
      int length = samples.transitions(ids[i]);
      if (positions + length > batches.capacity()) {
        scoreRun(ids, from, i, result);
        from = i;
        positions = 0;
      }
      positions += length;
    }
    scoreRun(ids, from, ids.length, result);
    return result;
  }

  private void scoreRun(int[] ids, int from, int to, InfluenceBatch result) {
    TailBatches.Evaluated batch = batches.evaluate(Arrays.copyOfRange(ids, from, to));
    int count = to - from;
    Tensor x = batch.state().x();
    Tensor image = tensors.image().rows(0, x.dim(0));
    Tensor influence = tensors.influence().rows(0, count);
    Tensor loss = tensors.loss().rows(0, count);
    Tensor sqNorm = tensors.sqNorm().rows(0, count);
    backend.gemm(false, true, 1f, x, tensors.q(), 0f, image);
    backend.segmentDot(batch.offsets(), batch.delta(), image, influence);
    backend.segmentSum(batch.offsets(), batch.loss(), batch.state().weights(), loss);
    backend.linearGradSqNorm(batch.offsets(), x, batch.delta(), sqNorm);
    System.arraycopy(influence.doubles(), 0, result.influence(), from, count);
    System.arraycopy(loss.doubles(), 0, result.loss(), from, count);
    double[] squares = sqNorm.doubles();
    for (int i = 0; i < count; i++) {
      result.gradNorm()[from + i] = Math.sqrt(squares[i]);
    }
  }

  /** Frees the memory. Idempotent. */
  @Override
  public void close() {
    workspace.close();
  }
}
