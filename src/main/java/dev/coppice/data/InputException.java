// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

/**
 * Input data is wrong. The message is for the user and complete: {@code FILE:LINE: what is wrong;
 * what to do}, or {@code FILE: what is wrong; what to do} where there is no line.
 */
public final class InputException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private InputException(String message) {
    super(message);
  }

  /**
   * An error in one line of a file.
   *
   * @param file path as the user knows it
   * @param line 1-based
   * @param what what is wrong
   * @param remedy what to do
   */
  public static InputException at(String file, long line, String what, String remedy) {
    return new InputException(file + ":" + line + ": " + what + "; " + remedy);
  }

  /** An error in a file as a whole. */
  public static InputException of(String file, String what, String remedy) {
    return new InputException(file + ": " + what + "; " + remedy);
  }
}
