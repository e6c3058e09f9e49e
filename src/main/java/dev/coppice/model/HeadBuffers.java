// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Tensor;
import dev.coppice.data.LlmConfig;

/**
 * Intermediate values of the scored positions from the last layer's attention to the loss. M
 * positions, D hidden, H heads of C columns, V vocabulary.
 *
 * @param heads output of the attention, then its gradient, (M,H*C)
 * @param middle residual stream after the attention, (M,D)
 * @param output residual stream after the layer, (M,D)
 * @param dy gradient of the residual stream, (M,D)
 * @param normed input of the head, then its gradient, (M,D)
 * @param rstd of the last norm, (M)
 * @param losses (M)
 * @param logits of some positions at a time, then their gradients, (any,V)
 */
record HeadBuffers(
    Tensor heads,
    Tensor middle,
    Tensor output,
    Tensor dy,
    Tensor normed,
    Tensor rstd,
    Tensor losses,
    Tensor logits) {
  static HeadBuffers allocate(Allocator allocator, LlmConfig config, int rows, int logitRows) {
    int d = config.hidden();
    return new HeadBuffers(
        allocator.f32(rows, config.heads() * config.headDim()),
        allocator.f32(rows, d),
        allocator.f32(rows, d),
        allocator.f32(rows, d),
        allocator.f32(rows, d),
        allocator.f32(rows),
        allocator.f32(rows),
        allocator.f32(logitRows, config.vocabulary()));
  }

  /** The first {@code rows} positions, and all of the logits. */
  HeadBuffers first(int rows) {
    return new HeadBuffers(
        heads.rows(0, rows),
        middle.rows(0, rows),
        output.rows(0, rows),
        dy.rows(0, rows),
        normed.rows(0, rows),
        rstd.rows(0, rows),
        losses.rows(0, rows),
        logits);
  }
}
