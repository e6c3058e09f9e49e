// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;
import dev.coppice.data.LoraConfig;
import dev.coppice.data.LoraConfig.Target;
import dev.coppice.model.LoraGradients;
import dev.coppice.model.LoraLinear;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Norms of each sample's gradient in some LoRA tensors: {@code dL/dB = scale sum_t dy_t (A x_t)^T}
 * and {@code dL/dA = scale sum_t (B^T dy_t) x_t^T}. Neither is stored. Layers of one fused module
 * come one after the other: each gives the squares of its rows of dL/dB, and its part of {@code B^T
 * dy}, whose sum is that of the module.
 */
final class LoraNorms implements LoraGradients {
  /** A tensor's squared norms: the sum of some rows of {@code squares}. */
  private record Entry(double scale, List<Integer> rows) {}

  private final Backend backend;
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private final Map<Target, Integer> rowOfB = new LinkedHashMap<>();
  private final Map<String, Integer> rowOfA = new LinkedHashMap<>();
  private final Map<String, Integer> partsOfA = new LinkedHashMap<>();
  private final Map<String, Integer> partsSeen = new LinkedHashMap<>();
  private final Tensor squares; // (rows, samples), without the scale
  private final Tensor ranks;
  private final Tensor backRanks;
  private int first;

  /**
   * Reserves memory.
   *
   * @param params which tensors of the targets are meant
   * @param samples most samples of a macro-batch
   * @param positions most positions of a chunk
   */
  LoraNorms(
      Backend backend,
      Allocator allocator,
      EffortParams params,
      LoraConfig lora,
      List<Target> targets,
      int samples,
      int positions) {
    this.backend = backend;
    int rows = 0;
    for (Target target : targets) {
      for (String name : params.tensors(target)) {
        boolean a = name.equals(target.loraA());
        if (a && partsOfA.merge(name, 1, Integer::sum) > 1) {
          continue; // the module's other layers share it
        }
        double scale = lora.sizes().get(target).scale();
        Entry entry = entries.computeIfAbsent(name, any -> new Entry(scale, new ArrayList<>()));
        entry.rows().add(rows);
        if (a) {
          rowOfA.put(name, rows++);
        } else {
          rowOfB.put(target, rows++);
        }
      }
    }
    squares = allocator.f32(rows, samples);
    ranks = allocator.f32(positions, lora.largestRank());
    backRanks = allocator.f32(positions, lora.largestRank());
  }

  /** The next calls are about samples {@code first ..} of the macro-batch. */
  void startAt(int first) {
    this.first = first;
  }

  @Override
  public void accept(LoraLinear linear, Tensor offsets, Tensor x, Tensor dy) {
    int samples = offsets.dim(0) - 1;
    Integer b = rowOfB.get(linear.target());
    if (b != null) {
      Tensor xa = part(ranks, x.dim(0), linear.rank());
      linear.intoRank(backend, x, xa);
      backend.linearGradSqNorm(offsets, xa, dy, squares(b, samples));
    }
    String name = linear.target().loraA();
    Integer a = rowOfA.get(name);
    if (a != null) {
      Tensor dyb = part(backRanks, x.dim(0), linear.rank());
      int seen = partsSeen.merge(name, 1, Integer::sum);
      linear.backIntoRank(backend, dy, seen > 1, dyb);
      if (seen == partsOfA.get(name)) {
        partsSeen.remove(name);
        backend.linearGradSqNorm(offsets, x, dyb, squares(a, samples));
      }
    }
  }

  private static Tensor part(Tensor ranks, int positions, int rank) {
    return ranks.slice(0, positions, rank);
  }

  private Tensor squares(int row, int count) {
    return squares.slice((long) row * squares.dim(1) + first, count);
  }

  /** Norms of the first {@code count} samples of the macro-batch, by tensor. */
  Map<String, double[]> norms(int count) {
    Map<String, double[]> norms = new LinkedHashMap<>();
    startAt(0);
    entries.forEach(
        (name, entry) -> {
          double[] values = new double[count];
          for (int row : entry.rows()) {
            double[] part = squares(row, count).doubles();
            for (int i = 0; i < count; i++) {
              values[i] += part[i];
            }
          }
          for (int i = 0; i < count; i++) {
            values[i] = entry.scale() * Math.sqrt(values[i]);
          }
          norms.put(name, values);
        });
    return norms;
  }
}
