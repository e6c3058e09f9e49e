// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

/** Which tokens of a sample are scored. */
public enum Loss {
  /** All tokens. */
  ALL,

  /** The tokens with a character of the response or more, and the end-of-sequence token. */
  RESPONSE
}
