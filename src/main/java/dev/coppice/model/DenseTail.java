// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Dropout;
import dev.coppice.backend.InfluenceOps.DenseTailState;
import dev.coppice.backend.Tensor;

/**
 * SASRec behind the last block's attention, as a function of that block's output weight W: {@code s
 * = x W^T + b + residual, m = LN(s), f = relu(conv2(relu(conv1(m)))), h = LN(f + m)} and the loss.
 * Everything before is constant in W and everything here is position by position, so second
 * derivatives in W need these layers only.
 *
 * <p>Curvature is forward-over-reverse: the directional derivative of the gradient, without finite
 * differences.
 *
 * @see <a href="https://doi.org/10.1162/neco.1994.6.1.147">Pearlmutter 1994</a>
 */
public final class DenseTail {
  private final Backend backend;
  private final SasRecParameters weights;
  private final SasRecParameters.Block layers;
  private final Scratch scratch;

  /** Values that no later call needs, for as many positions as one call may have. */
  private record Scratch(
      Tensor sum, Tensor middle, Tensor dpos, Tensor dneg, Tensor upper, Tensor lower) {
    static Scratch of(Allocator a, int t, int d) {
      return new Scratch(a.f32(t, d), a.f32(t, d), a.f32(t), a.f32(t), a.f32(t, d), a.f32(t, d));
    }

    Scratch rows(int t) {
      return new Scratch(
          sum.rows(0, t),
          middle.rows(0, t),
          dpos.rows(0, t),
          dneg.rows(0, t),
          upper.rows(0, t),
          lower.rows(0, t));
    }
  }

  /**
   * Lays out scratch.
   *
   * @param weights of the model; read at each call
   * @param capacity most positions of a call
   */
  public DenseTail(Backend backend, SasRecParameters weights, Allocator allocator, int capacity) {
    this.backend = backend;
    this.weights = weights;
    layers = weights.layers(weights.config().layers() - 1);
    scratch = Scratch.of(allocator, capacity, weights.config().hidden());
  }

  /** The parameters that derivatives are taken in, W (D,D). */
  public Tensor parameters() {
    return layers.dense().weight();
  }

  /**
   * Loss and gradient at W, and what tangents need.
   *
   * @param state its x, positives, negatives and weights are read, the rest is filled
   * @param residual what is added to the layer's output, (T,D)
   * @param loss receives the unweighted loss of each position, (T)
   * @param delta receives the gradient of the weighted loss in s, (T,D): the gradient in W is
   *     {@code delta^T x}
   */
  public void evaluate(TailState state, Tensor residual, Tensor loss, Tensor delta) {
    Scratch s = scratch.rows(state.positionCount());
    forward(state, residual, s);
    backend.sampledBceForward(
        state.hidden(),
        weights.items(),
        state.positives(),
        state.negatives(),
        state.weights(),
        loss,
        s.dpos(),
        s.dneg(),
        state.dhidden());
    backward(state, s, delta);
  }

  private void forward(TailState state, Tensor residual, Scratch s) {
    backend.gemm(false, true, 1f, state.x(), layers.dense().weight(), 0f, s.sum());
    backend.residualLayerNormForward(
        s.sum(),
        layers.dense().bias(),
        residual,
        layers.attentionNorm().gamma(),
        layers.attentionNorm().beta(),
        SasRecConfig.EPS,
        Dropout.NONE,
        s.middle(),
        state.middleXhat(),
        state.middleRstd());
    backend.gemm(false, true, 1f, s.middle(), layers.first().weight(), 0f, state.first());
    backend.biasReluForward(state.first(), layers.first().bias(), state.first());
    backend.gemm(false, true, 1f, state.first(), layers.second().weight(), 0f, state.second());
    backend.biasReluForward(state.second(), layers.second().bias(), state.second());
    backend.residualLayerNormForward(
        state.second(),
        null,
        s.middle(),
        layers.outputNorm().gamma(),
        layers.outputNorm().beta(),
        SasRecConfig.EPS,
        Dropout.NONE,
        state.hidden(),
        state.outXhat(),
        state.outRstd());
  }

  /** From the gradient in the hidden state to those in the middle and in s. */
  private void backward(TailState state, Scratch s, Tensor delta) {
    backend.residualLayerNormBackward(
        state.dhidden(),
        state.outXhat(),
        state.outRstd(),
        layers.outputNorm().gamma(),
        Dropout.NONE,
        state.dmiddle(),
        null,
        null,
        null,
        null);
    backend.biasReluBackward(state.dmiddle(), state.second(), s.upper(), null);
    backend.gemm(false, false, 1f, s.upper(), layers.second().weight(), 0f, s.lower());
    backend.biasReluBackward(s.lower(), state.first(), s.lower(), null);
    backend.gemm(false, false, 1f, s.lower(), layers.first().weight(), 1f, state.dmiddle());
    delta(state, delta);
  }

  /**
   * The gradient of the weighted loss in s once more, from what {@link #evaluate} has kept.
   *
   * @param delta (T,D)
   */
  public void delta(TailState state, Tensor delta) {
    backend.residualLayerNormBackward(
        state.dmiddle(),
        state.middleXhat(),
        state.middleRstd(),
        layers.attentionNorm().gamma(),
        Dropout.NONE,
        delta,
        null,
        null,
        null,
        null);
  }

  /**
   * The product of the summed curvature in W with a direction: {@code sum_t (M_t V x_t) x_t^T},
   * with M_t the second derivative of the position's weighted loss in s_t.
   *
   * @param state after {@link #evaluate}
   * @param direction V, (D,D)
   * @param product (D,D)
   */
  public void product(TailState state, Tensor direction, Curvature curvature, Tensor product) {
    boolean gaussNewton = curvature == Curvature.GAUSS_NEWTON;
    backend.denseTailHvp(arguments(state), gaussNewton, state.x(), direction, product);
  }

  /**
   * LiSSA's recursion, as {@link dev.coppice.backend.InfluenceOps#denseTailLissa} has it.
   *
   * @param state after {@link #evaluate}
   * @param ranges positions of each sample of each step's mini-batch, (steps,batch,2), I32
   * @param g (D,D)
   * @param h (D,D), in place
   * @param norms receives |h| after each step, (steps)
   */
  public void lissa(
      TailState state,
      Curvature curvature,
      Tensor ranges,
      double damp,
      double rate,
      Tensor g,
      Tensor h,
      Tensor norms) {
    boolean gaussNewton = curvature == Curvature.GAUSS_NEWTON;
    backend.denseTailLissa(
        arguments(state), gaussNewton, state.x(), ranges, damp, rate, g, h, norms);
  }

  /**
   * Each position's M_t, as {@link dev.coppice.backend.InfluenceOps#denseTailCurvature} packs it.
   *
   * @param state after {@link #evaluate}
   * @param packed receives the lower triangles, (T, D (D+1) / 2)
   */
  public void curvature(TailState state, Curvature curvature, Tensor packed) {
    boolean gaussNewton = curvature == Curvature.GAUSS_NEWTON;
    backend.denseTailCurvature(arguments(state), gaussNewton, packed);
  }

  private DenseTailState arguments(TailState state) {
    return new DenseTailState(
        state.middleXhat(),
        state.middleRstd(),
        layers.attentionNorm().gamma(),
        state.first(),
        layers.first().weight(),
        state.second(),
        layers.second().weight(),
        state.hidden(),
        state.outXhat(),
        state.outRstd(),
        layers.outputNorm().gamma(),
        weights.items(),
        state.positives(),
        state.negatives(),
        state.weights(),
        state.dhidden(),
        state.dmiddle());
  }
}
