// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;
import dev.coppice.model.LoraGradients;
import dev.coppice.model.LoraLinear;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Norms of each sample's gradient in some LoRA tensors: {@code dL/dB = scale sum_t dy_t (A x_t)^T}
 * and {@code dL/dA = scale sum_t (B^T dy_t) x_t^T}. Neither is stored.
 */
final class LoraNorms implements LoraGradients {
  private final Backend backend;
  private final Map<String, Integer> rows = new LinkedHashMap<>();
  private final Tensor squares; // (tensors, samples), without the scale
  private final Tensor ranks;
  private int first;

  /**
   * Reserves memory.
   *
   * @param tensors names of the LoRA tensors
   * @param samples most samples of a macro-batch
   * @param positions most positions of a chunk
   * @param rank of the adapter
   */
  LoraNorms(
      Backend backend,
      Allocator allocator,
      List<String> tensors,
      int samples,
      int positions,
      int rank) {
    this.backend = backend;
    tensors.forEach(name -> rows.put(name, rows.size()));
    squares = allocator.f32(tensors.size(), samples);
    ranks = allocator.f32(positions, rank);
  }

  /** The next calls are about samples {@code first ..} of the macro-batch. */
  void startAt(int first) {
    this.first = first;
  }

  @Override
  public void accept(LoraLinear linear, Tensor offsets, Tensor x, Tensor dy) {
    Integer b = rows.get(linear.target().loraB());
    if (b != null) {
      Tensor xa = ranks.rows(0, x.dim(0));
      linear.intoRank(backend, x, xa);
      backend.linearGradSqNorm(offsets, xa, dy, squares(b, offsets.dim(0) - 1));
    }
    Integer a = rows.get(linear.target().loraA());
    if (a != null) {
      Tensor dyb = ranks.rows(0, x.dim(0));
      linear.backIntoRank(backend, dy, dyb);
      backend.linearGradSqNorm(offsets, x, dyb, squares(a, offsets.dim(0) - 1));
    }
  }

  private Tensor squares(int row, int count) {
    return squares.slice((long) row * squares.dim(1) + first, count);
  }

  /** Norms of the first {@code count} samples of the macro-batch, by tensor. */
  Map<String, double[]> norms(int count, double scale) {
    Map<String, double[]> norms = new LinkedHashMap<>();
    startAt(0);
    rows.forEach(
        (name, row) -> {
          double[] values = squares(row, count).doubles();
          for (int i = 0; i < count; i++) {
            values[i] = scale * Math.sqrt(values[i]);
          }
          norms.put(name, values);
        });
    return norms;
  }
}
