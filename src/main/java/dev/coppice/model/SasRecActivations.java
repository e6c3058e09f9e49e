// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Tensor;

/**
 * What a forward pass keeps for the backward pass, for T positions of width D.
 *
 * @param sum item plus position row; afterwards scratch for the attention output, (T,D)
 * @param xhat normalised embedding, (T,D)
 * @param rstd (T)
 * @param embedding input of the first block, (T,D)
 * @param blocks of each block
 */
record SasRecActivations(Tensor sum, Tensor xhat, Tensor rstd, Tensor embedding, Block[] blocks) {

  /**
   * Activations of one block: {@code middle = LN(drop(context W^T + b) + x)}, {@code first} and
   * {@code second} the outputs of the two pointwise layers, {@code out = LN(drop(second) +
   * middle)}; xhat and rstd of either layer norm.
   */
  record Block(
      Tensor query,
      Tensor key,
      Tensor value,
      Tensor context,
      Tensor lse,
      Tensor middle,
      Tensor middleXhat,
      Tensor middleRstd,
      Tensor first,
      Tensor second,
      Tensor out,
      Tensor outXhat,
      Tensor outRstd) {

    static Block of(Allocator a, int t, int d, int heads) {
      return new Block(
          a.f32(t, d),
          a.f32(t, d),
          a.f32(t, d),
          a.f32(t, d),
          a.f32(t, heads),
          a.f32(t, d),
          a.f32(t, d),
          a.f32(t),
          a.f32(t, d),
          a.f32(t, d),
          a.f32(t, d),
          a.f32(t, d),
          a.f32(t));
    }

    Block rows(int from, int t) {
      return new Block(
          query.rows(from, t),
          key.rows(from, t),
          value.rows(from, t),
          context.rows(from, t),
          lse.rows(from, t),
          middle.rows(from, t),
          middleXhat.rows(from, t),
          middleRstd.rows(from, t),
          first.rows(from, t),
          second.rows(from, t),
          out.rows(from, t),
          outXhat.rows(from, t),
          outRstd.rows(from, t));
    }
  }

  static SasRecActivations of(Allocator a, SasRecConfig config, int t) {
    int d = config.hidden();
    Block[] blocks = new Block[config.layers()];
    for (int l = 0; l < blocks.length; l++) {
      blocks[l] = Block.of(a, t, d, config.heads());
    }
    return new SasRecActivations(a.f32(t, d), a.f32(t, d), a.f32(t), a.f32(t, d), blocks);
  }

  /** Views of the first {@code t} positions. */
  SasRecActivations rows(int t) {
    return rows(0, t);
  }

  /** Views of positions {@code first .. first+t-1}. */
  SasRecActivations rows(int first, int t) {
    Block[] views = new Block[blocks.length];
    for (int l = 0; l < views.length; l++) {
      views[l] = blocks[l].rows(first, t);
    }
    return new SasRecActivations(
        sum.rows(first, t),
        xhat.rows(first, t),
        rstd.rows(first, t),
        embedding.rows(first, t),
        views);
  }
}
