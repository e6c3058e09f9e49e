// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Tensor;
import dev.coppice.data.LlmConfig;

/**
 * Intermediate values of the second half of a decoder layer; its backward pass writes the gradients
 * over them. M positions, D hidden, I inside.
 *
 * @param normed input of the projections, (M,D)
 * @param rstd of the norm, (M)
 * @param gate (M,I)
 * @param up (M,I)
 * @param product {@code silu(gate) up}, or {@code gelu(gate) up}, (M,I)
 */
record SwigluBuffers(Tensor normed, Tensor rstd, Tensor gate, Tensor up, Tensor product) {

  static SwigluBuffers allocate(Allocator allocator, LlmConfig config, int rows) {
    int i = config.intermediate();
    return new SwigluBuffers(
        allocator.f32(rows, config.hidden()),
        allocator.f32(rows),
        allocator.f32(rows, i),
        allocator.f32(rows, i),
        allocator.f32(rows, i));
  }

  /** The first {@code rows} positions. */
  SwigluBuffers first(int rows) {
    return new SwigluBuffers(
        normed.rows(0, rows),
        rstd.rows(0, rows),
        gate.rows(0, rows),
        up.rows(0, rows),
        product.rows(0, rows));
  }
}
