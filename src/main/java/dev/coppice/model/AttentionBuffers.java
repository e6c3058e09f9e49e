// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Tensor;
import dev.coppice.data.LlmConfig;

/**
 * Intermediate values of the first half of a decoder layer, and their gradients. T positions, D
 * hidden, H query heads and G key/value heads of C columns.
 *
 * @param normed input of the projections, (T,D)
 * @param rstd of the norm, (T)
 * @param q rotated, (T,H,C)
 * @param k rotated, (T,G,C)
 * @param v (T,G,C)
 * @param out output of the attention, (T,H,C)
 * @param lse logarithm of each softmax's denominator, (T,H)
 * @param queries norm of the query heads, or null
 * @param keys norm of the key heads, or null
 * @param dnormed gradient at {@code normed}, and so on
 */
record AttentionBuffers(
    Tensor normed,
    Tensor rstd,
    Tensor q,
    Tensor k,
    Tensor v,
    Tensor out,
    Tensor lse,
    Tensor dnormed,
    Tensor dq,
    Tensor dk,
    Tensor dv,
    Tensor dout,
    HeadNorm queries,
    HeadNorm keys) {

  static AttentionBuffers allocate(Allocator allocator, LlmConfig config, int rows) {
    int d = config.hidden();
    int h = config.heads();
    int g = config.kvHeads();
    int c = config.headDim();
    return new AttentionBuffers(
        allocator.f32(rows, d),
        allocator.f32(rows),
        allocator.f32(rows, h, c),
        allocator.f32(rows, g, c),
        allocator.f32(rows, g, c),
        allocator.f32(rows, h, c),
        allocator.f32(rows, h),
        allocator.f32(rows, d),
        allocator.f32(rows, h, c),
        allocator.f32(rows, g, c),
        allocator.f32(rows, g, c),
        allocator.f32(rows, h, c),
        config.design().headNorms() ? HeadNorm.allocate(allocator, rows, h, c) : null,
        config.design().headNorms() ? HeadNorm.allocate(allocator, rows, g, c) : null);
  }

  /** {@code count} positions from {@code from} on. */
  AttentionBuffers rows(int from, int count) {
    return new AttentionBuffers(
        normed.rows(from, count),
        rstd.rows(from, count),
        q.rows(from, count),
        k.rows(from, count),
        v.rows(from, count),
        out.rows(from, count),
        lse.rows(from, count),
        dnormed.rows(from, count),
        dq.rows(from, count),
        dk.rows(from, count),
        dv.rows(from, count),
        dout.rows(from, count),
        queries == null ? null : queries.rows(from, count),
        keys == null ? null : keys.rows(from, count));
  }
}
