// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Tensor;
import dev.coppice.model.SharedRows;
import dev.coppice.model.TokenChunk;

/** The indices of a {@link MacroBatch} on the backend. */
final class PackedTensors {
  private final Tensor ids;
  private final Tensor positions;
  private final Tensor offsets;
  private final Tensor targetRows;
  private final Tensor targetOffsets;
  private final Tensor targets;
  private final Tensor weights;

  /**
   * Reserves memory.
   *
   * @param rows most positions
   * @param samples most samples, a shared prefix among them
   */
  PackedTensors(Allocator allocator, int rows, int samples) {
    ids = allocator.i32(rows);
    positions = allocator.i32(rows);
    offsets = allocator.i32(2 * samples);
    targetRows = allocator.i32(rows);
    targetOffsets = allocator.i32(2 * samples);
    targets = allocator.i32(rows);
    weights = allocator.f32(rows);
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

  /** One chunk; {@code shared} is what its samples begin with, or null. */
  TokenChunk chunk(MacroBatch.Chunk chunk, SharedRows shared) {
    return new TokenChunk(
        offsets.rows(chunk.firstOffset(), chunk.samples() + 1),
        ids.rows(chunk.firstRow(), chunk.rows()),
        positions.rows(chunk.firstRow(), chunk.rows()),
        targetRows.rows(chunk.firstTarget(), chunk.targets()),
        targetOffsets.rows(chunk.firstOffset(), chunk.samples() + 1),
        targets.rows(chunk.firstTarget(), chunk.targets()),
        weights.rows(chunk.firstTarget(), chunk.targets()),
        shared);
  }
}
