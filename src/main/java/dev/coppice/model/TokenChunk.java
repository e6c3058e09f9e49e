// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Tensor;

/**
 * Consecutive whole samples, or what they have after a shared prefix, or that prefix; packed, as
 * index tensors. B samples, T positions, M scored targets.
 *
 * @param offsets first row of each sample, (B+1)
 * @param ids tokens, (T)
 * @param positions place of each token in its sample, (T)
 * @param targetRows rows whose next token is scored, ascending, (M)
 * @param targetOffsets first target of each sample, (B+1)
 * @param targets the scored tokens, (M)
 * @param weights of the targets in their sample's loss, (M)
 * @param shared what the samples begin with, where the rows are the positions after it; else null
 */
public record TokenChunk(
    Tensor offsets,
    Tensor ids,
    Tensor positions,
    Tensor targetRows,
    Tensor targetOffsets,
    Tensor targets,
    Tensor weights,
    SharedRows shared) {

  /** Rows of the shared positions, which lie before those of the chunk. */
  int base() {
    return shared == null ? 0 : shared.length();
  }
}
