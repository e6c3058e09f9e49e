// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;
import dev.coppice.backend.Workspace;
import dev.coppice.data.PackedBatch;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.data.Weighting;
import dev.coppice.model.ParameterSpan;
import dev.coppice.model.SasRecDerivatives;
import dev.coppice.model.SurrogateWeights;
import java.util.Arrays;

/**
 * All scorable samples under the derivatives of a span of parameters, each position weighted by one
 * over its sample's number of positions, in fixed blocks of whole samples. Where only the last
 * block has parameters, its input is computed once and kept, if it fits into the memory allowed;
 * the bits are the same.
 */
final class SpanBatches {
  private final SurrogateSamples samples;
  private final int[] scorable;
  private final int[] offsets; // of each scorable sample among all positions
  private final int[] bounds; // first sample of each block, and the number of samples
  private final PackedBatch[] batches; // each block, once it was asked for
  private final int largest; // positions of a block
  private final int capacity;
  private final int cachedPositions;
  private final boolean[] filled; // which blocks the cache holds
  private final Backend backend;
  private final ParameterSpan span;
  private final int width;
  private SasRecDerivatives derivatives;
  private Tensor cache; // input of the last block at all positions, (T,D)

  /**
   * Divides the samples; {@link #layout} must follow.
   *
   * @param config its macro-batch, raised to a block, and its cache
   */
  SpanBatches(
      Backend backend, ParameterSpan span, SurrogateSamples samples, InfluenceConfig config) {
    this.backend = backend;
    this.span = span;
    this.samples = samples;
    width = span.config().hidden();
    scorable = samples.scorable();
    offsets = TailBatches.offsets(samples);
    largest = Math.max(TailBatches.BLOCK_POSITIONS, span.config().maxLen());
    bounds = TailBatches.split(offsets, largest);
    capacity = Math.max(config.macroBatchPositions(), largest);
    batches = new PackedBatch[bounds.length - 1];
    filled = new boolean[bounds.length - 1];
    int all = offsets[scorable.length];
    boolean fits = Workspace.plan(backend, a -> a.f32(all, width)) <= config.cacheBytes();
    cachedPositions = span.lastBlockOnly() && fits ? all : 0;
  }

  /** Takes its tensors; called once to count and once more with memory. */
  void layout(Allocator allocator) {
    derivatives = new SasRecDerivatives(backend, span, allocator, capacity);
    cache = allocator.f32(cachedPositions, width);
  }

  void load(SurrogateWeights weights) {
    derivatives.load(weights);
  }

  /** What macro-batches are evaluated on. */
  SasRecDerivatives derivatives() {
    return derivatives;
  }

  /** Number of blocks. */
  int count() {
    return batches.length;
  }

  /** Block {@code m} after {@link #evaluate(int)}. */
  PackedBatch batch(int m) {
    return batches[m];
  }

  /** Evaluates block {@code m}. */
  void evaluate(int m) {
    if (batches[m] == null) {
      batches[m] = pack(Arrays.copyOfRange(scorable, bounds[m], bounds[m + 1]));
    }
    if (cachedPositions == 0) {
      derivatives.evaluate(batches[m]);
      return;
    }
    Tensor x = cache.rows(offsets[bounds[m]], batches[m].positionCount());
    if (filled[m]) {
      derivatives.evaluate(batches[m], x);
    } else {
      derivatives.evaluate(batches[m]);
      x.copyFrom(derivatives.lastInput());
      filled[m] = true;
    }
  }

  /**
   * Evaluates samples by their ids, in their order and at most {@link #capacity} positions.
   *
   * @throws IllegalArgumentException if a sample is unscorable
   */
  void evaluate(int[] ids) {
    derivatives.evaluate(pack(ids));
  }

  private PackedBatch pack(int[] ids) {
    return samples.batch(ids, 0, Weighting.SAMPLE_MEAN);
  }

  /** Id of a sample by its number among the scorable ones. */
  int id(int number) {
    return scorable[number];
  }

  /** Number of scorable samples, N. */
  int samples() {
    return scorable.length;
  }

  /** Number of positions of a sample by its id. */
  int length(int id) {
    return samples.transitions(id);
  }

  /** Most positions of a block, the longest sample at least. */
  int largest() {
    return largest;
  }

  /** Most positions of an evaluation. */
  int capacity() {
    return capacity;
  }
}
