// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

/**
 * A device or library that was asked for is not on this machine; the message says which and why.
 */
public final class MissingEnvironmentException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public MissingEnvironmentException(String message) {
    super(message);
  }
}
