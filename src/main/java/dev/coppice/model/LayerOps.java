// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;
import dev.coppice.data.LayerNorm;
import dev.coppice.data.LlmConfig;
import dev.coppice.data.Projection;

/** What both halves of a decoder layer do: linear layers, norms at a branch's end, scattering. */
final class LayerOps {
  final Backend backend;
  final LlmConfig config;
  private final Tensor ranks;
  private final Tensor counting;

  LayerOps(LanguageModel model, Allocator allocator, int rows) {
    backend = model.backend();
    config = model.config();
    ranks = allocator.f32(rows, model.lora().largestRank());
    counting = allocator.i32(rows + 1);
  }

  void prepare() {
    int[] values = new int[counting.dim(0)];
    for (int i = 0; i < values.length; i++) {
      values[i] = i;
    }
    counting.write(values);
  }

  /** {@code out[rows[i]] += part[i]}; rows distinct. */
  void scatter(Tensor rows, Tensor part, Tensor out) {
    int count = rows.dim(0);
    backend.embeddingBackward(
        rows, counting.rows(0, count + 1), counting.rows(0, count), null, part, out);
  }

  void project(DecoderLayer layer, Projection projection, Tensor x, boolean accumulate, Tensor y) {
    LoraLinear linear = layer.linear(projection);
    linear.forward(backend, x, accumulate, y, ranks.slice(0, x.dim(0), linear.rank()));
  }

  void projectBack(
      DecoderLayer layer, Projection projection, Tensor dy, boolean accumulate, Tensor dx) {
    LoraLinear linear = layer.linear(projection);
    linear.backward(backend, dy, accumulate, dx, ranks.slice(0, dy.dim(0), linear.rank()));
  }

  /** Memory for a branch's norm, or null where the design has none. */
  BranchNorm branch(Allocator allocator, int rows) {
    return config.design().branchNorms()
        ? BranchNorm.allocate(allocator, rows, config.hidden())
        : null;
  }

  /** The gradient at a branch's end, from that at the residual stream. */
  Tensor intoBranch(BranchNorm norm, DecoderLayer layer, LayerNorm which, Tensor dx) {
    return layer.has(which) ? norm.first(dx.dim(0)).back(backend, layer.norm(which), dx) : dx;
  }

  float eps() {
    return (float) config.rmsNormEps();
  }

  /** (T,H,C) as (T,H*C). */
  static Tensor flat(Tensor heads) {
    return heads.reshape(heads.dim(0), heads.dim(1) * heads.dim(2));
  }
}
