// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;

/**
 * The norm between what attention or feed-forward gives and the residual stream, with what its
 * backward pass needs. T positions, D hidden.
 *
 * @param branch input of the norm, (T,D)
 * @param rstd of the norm, (T)
 * @param normed its output, then the gradient at {@code branch}, (T,D)
 */
record BranchNorm(Tensor branch, Tensor rstd, Tensor normed) {

  static BranchNorm allocate(Allocator allocator, int rows, int hidden) {
    return new BranchNorm(
        allocator.f32(rows, hidden), allocator.f32(rows), allocator.f32(rows, hidden));
  }

  /** The first {@code rows} positions. */
  BranchNorm first(int rows) {
    return new BranchNorm(branch.rows(0, rows), rstd.rows(0, rows), normed.rows(0, rows));
  }

  /** {@code x += norm(branch)}. */
  void addTo(Backend backend, Tensor weight, float eps, Tensor x) {
    forward(backend, weight, eps);
    backend.axpy(1, normed, x);
  }

  /** The norm alone. */
  void forward(Backend backend, Tensor weight, float eps) {
    backend.rmsNormForward(branch, weight, eps, normed, rstd);
  }

  /** The gradient at the branch, from that at the residual stream; {@code normed} holds it. */
  Tensor back(Backend backend, Tensor weight, Tensor dx) {
    backend.rmsNormBackward(dx, branch, rstd, weight, false, normed);
    return normed;
  }
}
