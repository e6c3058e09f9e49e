// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;
import dev.coppice.data.PackedBatch;

/**
 * Squared norms of the samples' gradients over a span of parameters, without storing a gradient.
 *
 * <p>A weight of a linear layer: {@link dev.coppice.backend.CoreOps#linearGradSqNorm}. A bias or
 * beta is a layer whose input is 1, a gamma is one with {@code delta = dy xhat}. Rows of the
 * position table are used once a sample, rows of the item table several times: they are added up
 * for each sample and item before they are squared.
 */
final class SampleNorms {
  private final Backend backend;
  private final ParameterSpan span;
  private final Tensor ones;
  private final Tensor product;
  private final Tensor part;
  private final Tensor total;
  private final SampleItems items;
  private final Tensor rows;

  /** Lays out scratch. */
  SampleNorms(Backend backend, ParameterSpan span, Allocator allocator, int capacity) {
    this.backend = backend;
    this.span = span;
    int d = span.config().hidden();
    ones = allocator.f32(capacity, 1);
    product = allocator.f32(capacity, d);
    part = allocator.f32(capacity);
    total = allocator.f32(capacity);
    items = span.tables() ? new SampleItems(allocator, span.config(), capacity) : null;
    rows = span.tables() ? allocator.f32(3 * capacity, d) : null;
  }

  /**
   * {@code |g(s)|^2} of each sample, (B).
   *
   * @param deltas of the batch after its backward pass
   */
  double[] of(
      SasRec model,
      SasRecParameters weights,
      SasRecInput input,
      SasRecDeltas deltas,
      PackedBatch batch) {
    backend.fill(ones, 1f);
    Tensor sum = total.rows(0, batch.sampleCount());
    backend.fill(sum, 0f);
    for (int l = span.firstBlock(); l < span.config().layers(); l++) {
      SasRecActivations.Block at = model.activations().blocks()[l];
      SasRecDeltas.Block d = deltas.blocks()[l];
      for (LinearSite s : LinearSite.of(weights.layers(l), model.blockInput(l), at, d)) {
        addLinear(input.offsets(), s.input(), s.delta(), sum);
        addColumns(input.offsets(), s.delta(), sum);
      }
      addNorm(input.offsets(), d.middle(), at.middleXhat(), sum);
      addNorm(input.offsets(), d.out(), at.outXhat(), sum);
    }
    if (span.tables()) {
      addNorm(input.offsets(), deltas.embedding(), model.activations().xhat(), sum);
      addDots(input.offsets(), deltas.sum(), sum);
      addItems(model.hidden(), deltas, batch, sum);
    }
    return sum.doubles();
  }

  private void addLinear(Tensor offsets, Tensor x, Tensor delta, Tensor sum) {
    Tensor squares = part.rows(0, sum.dim(0));
    backend.linearGradSqNorm(offsets, x, delta, squares);
    backend.axpy(1f, squares, sum);
  }

  /** {@code sum_d (sum_{t in b} delta[t,d])^2}. */
  private void addColumns(Tensor offsets, Tensor delta, Tensor sum) {
    addLinear(offsets, ones.rows(0, delta.dim(0)), delta, sum);
  }

  private void addNorm(Tensor offsets, Tensor dy, Tensor xhat, Tensor sum) {
    int elements = Math.toIntExact(dy.size());
    Tensor dyXhat = product.rows(0, dy.dim(0));
    backend.rowOuter(
        xhat.reshape(elements, 1), dy.reshape(elements, 1), dyXhat.reshape(elements, 1));
    addColumns(offsets, dyXhat, sum);
    addColumns(offsets, dy, sum);
  }

  private void addDots(Tensor offsets, Tensor x, Tensor sum) {
    Tensor squares = part.rows(0, sum.dim(0));
    backend.segmentDot(offsets, x, x, squares);
    backend.axpy(1f, squares, sum);
  }

  private void addItems(Tensor hidden, SasRecDeltas deltas, PackedBatch batch, Tensor sum) {
    items.load(batch);
    Tensor gradient = rows.rows(0, items.count());
    items.gradient(backend, hidden, deltas, gradient);
    addDots(items.offsets(), gradient, sum);
  }
}
