// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;
import dev.coppice.data.PackedBatch;

/**
 * First and second derivatives of a batch's weighted loss in a {@link ParameterSpan}, without
 * dropout.
 *
 * <p>A Hessian product is the tangent of the backward pass along the direction
 * (forward-over-reverse, Pearlmutter 1994), exact up to rounding. A Gauss-Newton product {@code J^T
 * C J v} is the same forward tangent, times the second derivatives of the loss in the two logits,
 * through the plain backward pass (Schraudolph 2002). The derivative of a sample's loss along a
 * direction is its gradient's dot product with it: one forward tangent gives that of every sample.
 */
public final class SasRecDerivatives {
  private final Backend backend;
  private final ParameterSpan span;
  private final SasRecBackward backward;
  private final SasRecWeightGradient weightGradient;
  private final SasRecParameters weights;
  private final SasRecParameters direction;
  private final SasRecParameters result;
  private final SasRecInput input;
  private final SasRec model;
  private final SasRecTangent tangent;
  private final SasRecDeltas deltaBuffers;
  private final SasRecDeltas dotBuffers;
  private final SampleNorms norms;
  private final Tensor lossDot;
  private final Tensor perSample;
  private PackedBatch batch;
  private SasRecDeltas deltas;
  private SasRecDeltas dots;

  /**
   * Lays out all tensors; {@link #load} must follow.
   *
   * @param capacity most positions of a batch
   */
  public SasRecDerivatives(Backend backend, ParameterSpan span, Allocator allocator, int capacity) {
    this.backend = backend;
    this.span = span;
    SasRecConfig config = span.config();
    backward = new SasRecBackward(backend, span);
    weightGradient = new SasRecWeightGradient(backend, span);
    weights = new SasRecParameters(allocator, config);
    direction = new SasRecParameters(allocator, config);
    result = new SasRecParameters(allocator, config);
    input =
        span.tables()
            ? SasRecInput.forTraining(allocator, config, capacity, capacity)
            : SasRecInput.forScoring(allocator, config, capacity, capacity);
    model = new SasRec(backend, config, allocator, capacity);
    tangent = new SasRecTangent(backend, span, allocator, capacity);
    deltaBuffers = SasRecDeltas.of(allocator, config, capacity);
    dotBuffers = SasRecDeltas.of(allocator, config, capacity);
    norms = new SampleNorms(backend, span, allocator, capacity);
    lossDot = allocator.f32(capacity);
    perSample = allocator.f32(capacity);
  }

  /** Copies the weights in. */
  public void load(SurrogateWeights values) {
    weights.load(backend, values.tensors());
    direction.clear(backend);
    result.clear(backend);
  }

  /** The weights that derivatives are taken at. */
  SasRecParameters parameters() {
    return weights;
  }

  /**
   * Sets the direction of {@link #addProduct} and {@link #slopes}.
   *
   * @param v (P)
   */
  public void aim(double[] v) {
    span.write(v, direction);
  }

  /** Evaluates a batch; what follows is about it. */
  public void evaluate(PackedBatch next) {
    begin(next);
    model.forward(weights, input);
  }

  /**
   * Evaluates the last block only.
   *
   * @param x what {@link #lastInput} was after an evaluation of the same batch, (T,D)
   */
  public void evaluate(PackedBatch next, Tensor x) {
    begin(next);
    model.forwardLastBlock(weights, input, x);
  }

  private void begin(PackedBatch next) {
    batch = next;
    input.load(next);
    deltas = deltaBuffers.rows(next.positionCount());
    dots = dotBuffers.rows(next.positionCount());
  }

  /** Input of the last block, (T,D). */
  public Tensor lastInput() {
    return model.lastResidual();
  }

  /** Loss of the batch, and gradients at all layers down to the span. */
  private void differentiate(SasRecParameters normGradients) {
    model.loss(weights, input.whole(), deltas.hidden());
    deltas.dpos().copyFrom(model.dpos());
    deltas.dneg().copyFrom(model.dneg());
    backward.run(model, weights, input, deltas, normGradients, null);
  }

  /** Adds the gradient of the weighted loss to {@code sum}, (P). */
  public void addGradient(double[] sum) {
    differentiate(result);
    weightGradient.form(model, input, deltas, null, result);
    span.add(result, sum);
  }

  /** Adds the curvature matrix of the weighted loss times the direction to {@code sum}, (P). */
  public void addProduct(Curvature curvature, double[] sum) {
    SasRecBackward.Motion motion = null;
    if (curvature == Curvature.HESSIAN) {
      differentiate(null);
      motion = new SasRecBackward.Motion(deltas, tangent, direction);
    }
    forwardTangent();
    if (motion == null && span.tables()) { // the table's own tangent has no part in J^T
      pull(dots);
    }
    backward.run(model, weights, input, dots, result, motion);
    weightGradient.form(model, input, dots, motion, result);
    span.add(result, sum);
  }

  /** From the gradients at the logits to that at the hidden state. */
  void pull(SasRecDeltas from) {
    backend.sampledBceBackward(
        from.dpos(),
        from.dneg(),
        weights.items(),
        input.positives(),
        input.negatives(),
        from.hidden());
  }

  ParameterSpan span() {
    return span;
  }

  SasRecBackward backward() {
    return backward;
  }

  SasRec model() {
    return model;
  }

  SasRecInput input() {
    return input;
  }

  PackedBatch batch() {
    return batch;
  }

  SasRecDeltas deltas() {
    return deltas;
  }

  SasRecParameters result() {
    return result;
  }

  /** Tangents up to those of the loss, and of its gradient in logits and hidden state. */
  private void forwardTangent() {
    tangent.forward(model, weights, direction, input);
    backend.sampledBceJvp(
        model.hidden(),
        tangent.hidden(),
        weights.items(),
        span.tables() ? direction.items() : null,
        input.positives(),
        input.negatives(),
        input.weights(),
        lossDot.rows(0, batch.positionCount()),
        dots.dpos(),
        dots.dneg(),
        dots.hidden());
  }

  /** {@code g(s).v} of each sample with the direction v, (B). */
  public double[] slopes() {
    forwardTangent();
    return sums(lossDot.rows(0, batch.positionCount()));
  }

  /** Weighted loss and squared norm of the gradient of each sample. */
  public SampleGradients samples() {
    differentiate(null);
    return new SampleGradients(
        sums(model.positionLoss()), norms.of(model, weights, input, deltas, batch));
  }

  /**
   * Of the samples of a batch.
   *
   * @param loss sum of its positions' losses times their weights, (B)
   * @param sqNorm {@code |g(s)|^2}, (B)
   */
  public record SampleGradients(double[] loss, double[] sqNorm) {}

  private double[] sums(Tensor values) {
    Tensor out = perSample.rows(0, batch.sampleCount());
    backend.segmentSum(input.offsets(), values, input.weights(), out);
    return out.doubles();
  }
}
