// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Tensor;

/**
 * What tangents of the {@link DenseTail} need of T positions: its inputs, and the values of its
 * forward and backward pass that do not depend on the direction.
 *
 * @param x input of the attention output layer, (T,D)
 * @param positives next items, (T)
 * @param negatives sampled items, (T)
 * @param weights weight of each position's loss, (T)
 * @param middleXhat normalised sum behind the layer, (T,D)
 * @param middleRstd its scale, (T)
 * @param first output of the first pointwise layer, (T,D)
 * @param second output of the second, (T,D)
 * @param hidden hidden state, (T,D)
 * @param outXhat normalised sum behind the second pointwise layer, (T,D)
 * @param outRstd its scale, (T)
 * @param dhidden gradient of the weighted loss in the hidden state, (T,D)
 * @param dmiddle gradient behind the first layer norm, (T,D)
 */
public record TailState(
    Tensor x,
    Tensor positives,
    Tensor negatives,
    Tensor weights,
    Tensor middleXhat,
    Tensor middleRstd,
    Tensor first,
    Tensor second,
    Tensor hidden,
    Tensor outXhat,
    Tensor outRstd,
    Tensor dhidden,
    Tensor dmiddle) {

  /** Lays out room for {@code t} positions of width {@code d}. */
  public static TailState of(Allocator a, int t, int d) {
    return new TailState(
        a.f32(t, d),
        a.i32(t),
        a.i32(t),
        a.f32(t),
        a.f32(t, d),
        a.f32(t),
        a.f32(t, d),
        a.f32(t, d),
        a.f32(t, d),
        a.f32(t, d),
        a.f32(t),
        a.f32(t, d),
        a.f32(t, d));
  }

  /** Views of the positions {@code from .. from+count-1}. */
  public TailState rows(int from, int count) {
    return new TailState(
        x.rows(from, count),
        positives.rows(from, count),
        negatives.rows(from, count),
        weights.rows(from, count),
        middleXhat.rows(from, count),
        middleRstd.rows(from, count),
        first.rows(from, count),
        second.rows(from, count),
        hidden.rows(from, count),
        outXhat.rows(from, count),
        outRstd.rows(from, count),
        dhidden.rows(from, count),
        dmiddle.rows(from, count));
  }

  /** Number of positions, T. */
  public int positionCount() {
    return x.dim(0);
  }
}
