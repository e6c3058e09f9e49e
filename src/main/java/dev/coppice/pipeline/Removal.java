// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

/**
 * A set of samples that retraining goes without.
 *
 * @param name what it is, e.g. {@code subset 3} or {@code top of loss}
 * @param samples ids, ascending
 */
record Removal(String name, int[] samples) {}
