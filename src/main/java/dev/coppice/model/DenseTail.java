// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Dropout;
import dev.coppice.backend.Tensor;

/**
 * SASRec behind the last block's attention, as a function of that block's output weight W: {@code s
 * = x W^T + b + residual, m = LN(s), f = relu(conv2(relu(conv1(m)))), h = LN(f + m)} and the loss.
 * Everything before is constant in W and everything here is position by position, so second
 * derivatives in W need these layers only.
 *
 * <p>Tangents are forward-over-reverse: the directional derivative of the gradient, without finite
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
      Tensor sum,
      Tensor middle,
      Tensor dpos,
      Tensor dneg,
      Tensor middleXhatDot,
      Tensor middleRstdDot,
      Tensor outXhatDot,
      Tensor outRstdDot,
      Tensor upper,
      Tensor lower) {
    static Scratch of(Allocator a, int t, int d) {
      return new Scratch(
          a.f32(t, d),
          a.f32(t, d),
          a.f32(t),
          a.f32(t),
          a.f32(t, d),
          a.f32(t),
          a.f32(t, d),
          a.f32(t),
          a.f32(t, d),
          a.f32(t, d));
    }

    Scratch rows(int t) {
      return new Scratch(
          sum.rows(0, t),
          middle.rows(0, t),
          dpos.rows(0, t),
          dneg.rows(0, t),
          middleXhatDot.rows(0, t),
          middleRstdDot.rows(0, t),
          outXhatDot.rows(0, t),
          outRstdDot.rows(0, t),
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
    backward(state, state.dhidden(), s, state.dmiddle(), delta);
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

  /** From a gradient in the hidden state to those in the middle and in s. */
  private void backward(TailState state, Tensor dhidden, Scratch s, Tensor dmiddle, Tensor delta) {
    backend.residualLayerNormBackward(
        dhidden,
        state.outXhat(),
        state.outRstd(),
        layers.outputNorm().gamma(),
        Dropout.NONE,
        dmiddle,
        null,
        null,
        null,
        null);
    throughPointwise(state, s, dmiddle);
    backend.residualLayerNormBackward(
        dmiddle,
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

  /** Adds the gradient that passes through the two pointwise layers to that of the residual. */
  private void throughPointwise(TailState state, Scratch s, Tensor dmiddle) {
    backend.biasReluBackward(dmiddle, state.second(), s.upper(), null);
    backend.gemm(false, false, 1f, s.upper(), layers.second().weight(), 0f, s.lower());
    backend.biasReluBackward(s.lower(), state.first(), s.lower(), null);
    backend.gemm(false, false, 1f, s.lower(), layers.first().weight(), 1f, dmiddle);
  }

  /**
   * The tangent of delta along a direction of s, position by position: {@code deltaDot_t = M_t
   * sDot_t} with M_t the curvature of the position's weighted loss in s_t.
   *
   * @param state after {@link #evaluate}
   * @param sDot direction, (T,D); for a direction V of W it is {@code x V^T}
   * @param deltaDot receives the tangent, (T,D); not sDot
   */
  public void tangent(TailState state, Tensor sDot, Curvature curvature, Tensor deltaDot) {
    Scratch s = scratch.rows(state.positionCount());
    forwardTangent(state, sDot, s);
    Tensor hiddenDot = s.sum();
    Tensor dhiddenDot = s.upper();
    backend.sampledBceJvp(
        state.hidden(),
        hiddenDot,
        weights.items(),
        null,
        state.positives(),
        state.negatives(),
        state.weights(),
        null,
        s.dpos(),
        s.dneg(),
        dhiddenDot);
    Tensor dmiddleDot = s.middle();
    if (curvature == Curvature.HESSIAN) {
      backwardTangent(state, s, dhiddenDot, dmiddleDot, deltaDot);
    } else { // Gauss-Newton: the backward pass is linear, its coefficients are held
      backward(state, dhiddenDot, s, dmiddleDot, deltaDot);
    }
  }

  /** Leaves the tangent of the hidden state in {@code sum}. */
  private void forwardTangent(TailState state, Tensor sDot, Scratch s) {
    backend.residualLayerNormForwardJvp(
        sDot,
        state.middleXhat(),
        state.middleRstd(),
        layers.attentionNorm().gamma(),
        null,
        null,
        s.middle(),
        s.middleXhatDot(),
        s.middleRstdDot());
    backend.gemm(false, true, 1f, s.middle(), layers.first().weight(), 0f, s.lower());
    backend.biasReluForwardJvp(s.lower(), null, state.first(), s.lower());
    backend.gemm(false, true, 1f, s.lower(), layers.second().weight(), 0f, s.upper());
    backend.biasReluForwardJvp(s.upper(), null, state.second(), s.upper());
    backend.axpy(1f, s.middle(), s.upper());
    backend.residualLayerNormForwardJvp(
        s.upper(),
        state.outXhat(),
        state.outRstd(),
        layers.outputNorm().gamma(),
        null,
        null,
        s.sum(),
        s.outXhatDot(),
        s.outRstdDot());
  }

  /** The backward pass with its coefficients differentiated too: the Hessian. */
  private void backwardTangent(
      TailState state, Scratch s, Tensor dhiddenDot, Tensor dmiddleDot, Tensor deltaDot) {
    backend.residualLayerNormBackwardJvp(
        state.dhidden(),
        dhiddenDot,
        state.outXhat(),
        s.outXhatDot(),
        state.outRstd(),
        s.outRstdDot(),
        layers.outputNorm().gamma(),
        null,
        dmiddleDot,
        null,
        null);
    throughPointwise(state, s, dmiddleDot);
    backend.residualLayerNormBackwardJvp(
        state.dmiddle(),
        dmiddleDot,
        state.middleXhat(),
        s.middleXhatDot(),
        state.middleRstd(),
        s.middleRstdDot(),
        layers.attentionNorm().gamma(),
        null,
        deltaDot,
        null,
        null);
  }
}
