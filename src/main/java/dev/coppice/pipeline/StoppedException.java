// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

/** A run ended early because it was asked to; what was finished is saved. */
public final class StoppedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public StoppedException(String message) {
    super(message);
  }
}
