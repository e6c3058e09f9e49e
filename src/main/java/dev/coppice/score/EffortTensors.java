// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;
import dev.coppice.data.SharedPrefix;
import dev.coppice.data.TokenSample;
import dev.coppice.model.TokenChunk;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;

/**
 * A macro-batch on the backend: its indices, and the residual stream at the input of each layer
 * that the gradient goes through. Chunks are counted from 0; with a shared prefix chunk 0 is that.
 * D is the width of the stream.
 */
final class EffortTensors {
  private final Backend backend;
  private final PackedTensors packed;
  private final SharedTensors shared; // or null, like the next
  private final PackedTensors packedWhole;
  private final Tensor wholeInput;
  private final Tensor losses;
  private final Tensor prefixLoss;
  private final List<Tensor> streams = new ArrayList<>();
  private final Tensor gradient;
  private MacroBatch batch;
  private MacroBatch whole;

  /**
   * Reserves memory.
   *
   * @param layers number of streams, at least 1; above 1 there is a gradient as well
   */
  EffortTensors(Backend backend, Allocator allocator, EffortSizes sizes, int width, int layers) {
    this.backend = backend;
    int positions = sizes.positions();
    packed = new PackedTensors(allocator, positions, sizes.samples() + 1);
    shared =
        sizes.shared() > 0
            ? new SharedTensors(
                allocator, sizes.shared(), sizes.wholePositions(), positions, sizes.samples())
            : null;
    boolean expands = shared != null && sizes.wholeBackward();
    packedWhole =
        expands ? new PackedTensors(allocator, sizes.wholePositions(), sizes.samples()) : null;
    wholeInput = expands ? allocator.f32(sizes.wholeRows(), width) : null;
    losses = allocator.f32(sizes.samples());
    prefixLoss = allocator.f32(1);
    for (int layer = 0; layer < layers; layer++) {
      streams.add(allocator.f32(positions, width));
    }
    gradient = layers > 1 ? allocator.f32(sizes.wholePositions(), width) : null;
  }

  /**
   * Packs samples that begin with {@code prefix}, so many of them in each chunk.
   *
   * @param firstPosition from which a sample's positions are counted
   */
  void write(
      List<TokenSample> samples,
      SharedPrefix prefix,
      List<Integer> cuts,
      ToIntFunction<TokenSample> firstPosition) {
    batch = new MacroBatch(samples, prefix, cuts, firstPosition);
    packed.write(batch);
    whole = batch;
    if (shared != null) {
      whole = new MacroBatch(samples, SharedPrefix.NONE, cuts, firstPosition);
      shared.write(batch, whole, samples);
    }
    if (packedWhole != null) {
      packedWhole.write(whole);
    }
  }

  /** Positions of the macro-batch, the shared ones once. */
  int positions() {
    return batch.ids.length;
  }

  /** Number of chunks, that of the prefix among them. */
  int chunks() {
    return batch.chunks.size();
  }

  /** The first chunk of samples: 1 with a shared prefix, or else 0. */
  int firstChunk() {
    return batch.chunks.size() - whole.chunks.size();
  }

  private MacroBatch.Chunk whole(int chunk) {
    return whole.chunks.get(chunk - firstChunk());
  }

  /** A chunk's own positions. */
  TokenChunk tokens(int chunk) {
    boolean joins = shared != null && chunk >= firstChunk();
    return packed.chunk(batch.chunks.get(chunk), joins ? shared.chunk(chunk - firstChunk()) : null);
  }

  /** A chunk's own part of stream {@code number}, (T,D). */
  Tensor stream(int number, int chunk) {
    MacroBatch.Chunk own = batch.chunks.get(chunk);
    return streams.get(number).rows(own.firstRow(), own.rows());
  }

  /** A chunk's samples with their prefix. */
  TokenChunk wholeTokens(int chunk) {
    return shared == null ? tokens(chunk) : packedWhole.chunk(whole(chunk), null);
  }

  /** A chunk's part of stream {@code number} with the prefix of each sample, (F,D). */
  Tensor wholeStream(int number, int chunk) {
    if (shared == null) {
      return stream(number, chunk);
    }
    Tensor input = wholeInput.rows(0, whole(chunk).rows());
    backend.embeddingForward(shared.streamRows(whole(chunk)), streams.get(number), false, input);
    return input;
  }

  /** A chunk's part of the gradient of whole samples' stream, (F,D); null with one stream. */
  Tensor gradient(int chunk) {
    return gradient == null ? null : gradient.rows(whole(chunk).firstRow(), whole(chunk).rows());
  }

  /** The chunk's first sample. */
  int firstSample(int chunk) {
    return whole(chunk).firstSample();
  }

  /** A chunk's part of the samples' losses, (B). */
  Tensor losses(int chunk) {
    return losses.rows(whole(chunk).firstSample(), whole(chunk).samples());
  }

  /** The summed loss of the prefix, (1). */
  Tensor prefixLoss() {
    return prefixLoss;
  }

  /** Losses of the first {@code count} samples, as far as they are their own. */
  double[] sampleLosses(int count) {
    return losses.rows(0, count).doubles();
  }
}
