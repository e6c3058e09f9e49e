// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Tensor;

/**
 * Gradients at the layers of a model, for T positions of width D: all that the gradients of the
 * parameters are made of, or their tangents.
 *
 * @param embedding at the output of the embedding's layer norm, (T,D)
 * @param sum at the sum of item and position, (T,D)
 * @param dpos at the logit of the positive item, (T)
 * @param dneg at the logit of the negative item, (T)
 * @param blocks of each block
 */
record SasRecDeltas(Tensor embedding, Tensor sum, Tensor dpos, Tensor dneg, Block[] blocks) {

  /**
   * Of one block, from its output back to its input: at the outputs of the output norm, the second
   * and the first pointwise layer, the attention norm, the dense layer, the attention, and the
   * query, key and value layers.
   */
  record Block(
      Tensor out,
      Tensor second,
      Tensor first,
      Tensor middle,
      Tensor dense,
      Tensor context,
      Tensor query,
      Tensor key,
      Tensor value) {

    static Block of(Allocator a, int t, int d) {
      return new Block(
          a.f32(t, d),
          a.f32(t, d),
          a.f32(t, d),
          a.f32(t, d),
          a.f32(t, d),
          a.f32(t, d),
          a.f32(t, d),
          a.f32(t, d),
          a.f32(t, d));
    }

    Block rows(int t) {
      return new Block(
          out.rows(0, t),
          second.rows(0, t),
          first.rows(0, t),
          middle.rows(0, t),
          dense.rows(0, t),
          context.rows(0, t),
          query.rows(0, t),
          key.rows(0, t),
          value.rows(0, t));
    }
  }

  static SasRecDeltas of(Allocator a, SasRecConfig config, int t) {
    int d = config.hidden();
    Block[] blocks = new Block[config.layers()];
    for (int l = 0; l < blocks.length; l++) {
      blocks[l] = Block.of(a, t, d);
    }
    return new SasRecDeltas(a.f32(t, d), a.f32(t, d), a.f32(t), a.f32(t), blocks);
  }

  /** Views of the first {@code t} positions. */
  SasRecDeltas rows(int t) {
    Block[] views = new Block[blocks.length];
    for (int l = 0; l < views.length; l++) {
      views[l] = blocks[l].rows(t);
    }
    return new SasRecDeltas(
        embedding.rows(0, t), sum.rows(0, t), dpos.rows(0, t), dneg.rows(0, t), views);
  }

  /** At the hidden state, (T,D): where a backward pass starts. */
  Tensor hidden() {
    return blocks[blocks.length - 1].out();
  }
}
