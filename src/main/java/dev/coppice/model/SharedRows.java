// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Tensor;

/**
 * How the samples of a chunk join the positions that all samples share, which are computed once and
 * lie before the chunk's own rows. B samples, T own rows, F rows of whole samples, P shared.
 *
 * @param length shared positions, P
 * @param scored whether one of their targets is scored
 * @param offsets first row of each whole sample, (B+1)
 * @param rows for each row of the whole samples its row among the shared and the own ones, (F)
 * @param own for each own row its row among those of the whole samples, (T)
 * @param starts first row of each whole sample, (B)
 * @param weights of one target in each sample's loss, (B)
 */
public record SharedRows(
    int length,
    boolean scored,
    Tensor offsets,
    Tensor rows,
    Tensor own,
    int[] starts,
    double[] weights) {}
