// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

/** The parameters theta of the surrogate that influence is about. */
public enum ParameterSet {
  /** The last block's attention output weight, {@code attention.dense.weight}, as published. */
  LAST_DENSE
}
