// SPDX-License-Identifier: Apache-2.0
package dev.coppice.solve;

/** A linear system could not be solved; the message says what to change. */
public final class SolverException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public SolverException(String message) {
    super(message);
  }

  public SolverException(String message, Throwable cause) {
    super(message, cause);
  }
}
