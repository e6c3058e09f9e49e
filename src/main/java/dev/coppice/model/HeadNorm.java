// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;

/**
 * The norm of each head of queries or keys, with what its backward pass needs. T positions, H heads
 * of C columns.
 *
 * @param raw input of the norm, (T,H,C)
 * @param rstd of the norm, (T,H)
 */
record HeadNorm(Tensor raw, Tensor rstd) {

  static HeadNorm allocate(Allocator allocator, int rows, int heads, int width) {
    return new HeadNorm(allocator.f32(rows, heads, width), allocator.f32(rows, heads));
  }

  /** {@code count} positions from {@code from} on. */
  HeadNorm rows(int from, int count) {
    return new HeadNorm(raw.rows(from, count), rstd.rows(from, count));
  }

  /** {@code heads = norm(raw)}; heads (T,H,C). */
  void forward(Backend backend, Tensor weight, float eps, Tensor heads) {
    backend.rmsNormForward(byHead(raw), weight, eps, byHead(heads), flat(rstd));
  }

  /** The gradient at {@code raw}, from that at the norm's output; both (T,H,C), not the same. */
  void backward(Backend backend, Tensor weight, Tensor dheads, Tensor draw) {
    backend.rmsNormBackward(byHead(dheads), byHead(raw), flat(rstd), weight, false, byHead(draw));
  }

  /** (T,H,C) as (T*H,C). */
  private static Tensor byHead(Tensor heads) {
    return heads.reshape(heads.dim(0) * heads.dim(1), heads.dim(2));
  }

  private static Tensor flat(Tensor rstd) {
    return rstd.reshape(rstd.dim(0) * rstd.dim(1));
  }
}
