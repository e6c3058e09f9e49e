// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

/** Training gave numbers that are not finite; the message says what to change. */
public final class DivergedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public DivergedException(String message, Throwable cause) {
    super(message, cause);
  }
}
