// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

/** Which second-order matrix of the loss. */
public enum Curvature {
  /** Second derivatives of the loss; may have negative eigenvalues. */
  HESSIAN,

  /**
   * {@code J^T C J}, J the Jacobian of the logits and C the second derivatives of the loss in the
   * logits: positive semi-definite.
   */
  GAUSS_NEWTON
}
