// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

/**
 * What one decoder layer attends to.
 *
 * @param window how many positions a token attends to at most, its own among them: the keys {@code
 *     i - window < j <= i}; {@link #ALL}: every one up to its own
 * @param angles of queries and keys
 */
public record LayerAttention(int window, RotaryAngles angles) {
  /** A window that bounds nothing. */
  public static final int ALL = Integer.MAX_VALUE;
}
