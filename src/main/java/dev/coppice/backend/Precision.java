// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

/** What a matrix product on CUDA makes of its inputs; sums are in float32 always. */
public enum Precision {
  /** As they are: the cores for float32. */
  FP32,
  /** Rounded to 11 significant bits, the range of float32: tensor cores. */
  TF32,
  /** Rounded to 8 significant bits, the range of float32: tensor cores, twice as fast. */
  BF16
}
