// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;
import dev.coppice.backend.Workspace;
import dev.coppice.data.PackedBatch;
import java.util.List;

/**
 * Mean loss of a fixed set of samples under any weights, without dropout.
 *
 * <p>{@code (1/N) sum_s sum_{t in s} w_t loss_t}, with the weights w of the batches; the sum over
 * samples is float64 in the order given, so threads change no bit of it.
 */
public final class SurrogateLoss implements AutoCloseable {
  private final Backend backend;
  private final SasRecConfig config;
  private final List<PackedBatch> batches;
  private final int samples;
  private final Workspace workspace;
  private final Tensors tensors;

  /** Everything that lies on the backend. */
  private record Tensors(
      SasRecParameters weights, SasRecInput input, SasRec model, Tensor dh, Tensor loss) {
    static Tensors of(
        Backend backend, Allocator a, SasRecConfig config, int samples, int positions) {
      return new Tensors(
          new SasRecParameters(a, config),
          SasRecInput.forScoring(a, config, samples, positions),
          new SasRec(backend, config, a, positions),
          a.f32(positions, config.hidden()),
          a.f32(samples));
    }
  }

  /**
   * Reserves memory.
   *
   * @param batches the samples, one or more
   * @throws IllegalArgumentException if there is none
   */
  public SurrogateLoss(Backend backend, SasRecConfig config, List<PackedBatch> batches) {
    this.backend = backend;
    this.config = config;
    this.batches = List.copyOf(batches);
    samples = batches.stream().mapToInt(PackedBatch::sampleCount).sum();
    if (samples == 0) {
      throw new IllegalArgumentException("a mean over no sample has no value");
    }
    int most = batches.stream().mapToInt(PackedBatch::sampleCount).max().orElseThrow();
    int positions = batches.stream().mapToInt(PackedBatch::positionCount).max().orElseThrow();
    workspace =
        backend.workspace(
            Workspace.plan(backend, a -> Tensors.of(backend, a, config, most, positions)));
    tensors = Tensors.of(backend, workspace, config, most, positions);
  }

  /**
   * The mean loss; not finite if the weights have diverged.
   *
   * @throws IllegalArgumentException if the weights are of another shape
   */
  public double mean(SurrogateWeights weights) {
    if (!weights.config().equals(config)) {
      throw new IllegalArgumentException(
          "weights of " + weights.config() + " given to a loss of " + config);
    }
    Tensors t = tensors;
    t.weights.load(backend, weights.tensors());
    double sum = 0;
    for (PackedBatch batch : batches) {
      t.input.load(batch);
      t.model.forward(t.weights, t.input);
      t.model.loss(t.weights, t.input.whole(), t.dh.rows(0, batch.positionCount()));
      Tensor loss = t.loss.rows(0, batch.sampleCount());
      backend.segmentSum(t.input.offsets(), t.model.positionLoss(), t.input.weights(), loss);
      for (double ofSample : loss.doubles()) {
        sum += ofSample;
      }
    }
    return sum / samples;
  }

  /** Frees the memory. Idempotent. */
  @Override
  public void close() {
    workspace.close();
  }
}
