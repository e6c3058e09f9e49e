// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Tensor;
import dev.coppice.model.TokenChunk;
import java.util.ArrayList;
import java.util.List;

/**
 * A macro-batch on the backend: its indices, and the residual stream at the input of each layer
 * that the gradient goes through. P positions, S samples, D width of the stream.
 */
final class EffortTensors {
  private final Tensor ids;
  private final Tensor positions;
  private final Tensor offsets;
  private final Tensor targetRows;
  private final Tensor targetOffsets;
  private final Tensor targets;
  private final Tensor weights;
  private final Tensor losses;
  private final List<Tensor> streams = new ArrayList<>();
  private final Tensor gradient;

  /**
   * Reserves memory.
   *
   * @param layers number of streams, at least 1; above 1 there is a gradient as well
   */
  EffortTensors(Allocator allocator, int positions, int samples, int width, int layers) {
    ids = allocator.i32(positions);
    this.positions = allocator.i32(positions);
    offsets = allocator.i32(2 * samples);
    targetRows = allocator.i32(positions);
    targetOffsets = allocator.i32(2 * samples);
    targets = allocator.i32(positions);
    weights = allocator.f32(positions);
    losses = allocator.f32(samples);
    for (int layer = 0; layer < layers; layer++) {
      streams.add(allocator.f32(positions, width));
    }
    gradient = layers > 1 ? allocator.f32(positions, width) : null;
  }

  void write(MacroBatch batch) {
    ids.rows(0, batch.ids.length).write(batch.ids);
    positions.rows(0, batch.positions.length).write(batch.positions);
    offsets.rows(0, batch.offsets.length).write(batch.offsets);
    targetRows.rows(0, batch.targetRows.length).write(batch.targetRows);
    targetOffsets.rows(0, batch.targetOffsets.length).write(batch.targetOffsets);
    targets.rows(0, batch.targets.length).write(batch.targets);
    weights.rows(0, batch.weights.length).write(batch.weights);
  }

  TokenChunk chunk(MacroBatch.Chunk chunk) {
    return new TokenChunk(
        offsets.rows(chunk.firstOffset(), chunk.samples() + 1),
        ids.rows(chunk.firstRow(), chunk.rows()),
        positions.rows(chunk.firstRow(), chunk.rows()),
        targetRows.rows(chunk.firstTarget(), chunk.targets()),
        targetOffsets.rows(chunk.firstOffset(), chunk.samples() + 1),
        targets.rows(chunk.firstTarget(), chunk.targets()),
        weights.rows(chunk.firstTarget(), chunk.targets()));
  }

  /** A chunk's part of stream {@code number}, (T,D). */
  Tensor stream(int number, MacroBatch.Chunk chunk) {
    return streams.get(number).rows(chunk.firstRow(), chunk.rows());
  }

  /** A chunk's part of the gradient of the stream, (T,D); null with one stream. */
  Tensor gradient(MacroBatch.Chunk chunk) {
    return gradient == null ? null : gradient.rows(chunk.firstRow(), chunk.rows());
  }

  /** A chunk's part of the samples' losses, (B). */
  Tensor losses(MacroBatch.Chunk chunk) {
    return losses.rows(chunk.firstSample(), chunk.samples());
  }

  /** Losses of the first {@code count} samples. */
  double[] losses(int count) {
    return losses.rows(0, count).doubles();
  }
}
