// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

/** Which loss the weights of a batch's positions add up to. */
public enum Weighting {
  /** The mean over all positions of the batch: each weighs 1/T. */
  BATCH_MEAN,

  /** Each sample's own mean: a position weighs one over its sample's number of positions. */
  SAMPLE_MEAN
}
