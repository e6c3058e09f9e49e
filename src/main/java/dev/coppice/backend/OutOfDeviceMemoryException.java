// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

/**
 * The device cannot hold what was asked; the backend stays usable, so a smaller request may
 * succeed.
 */
public final class OutOfDeviceMemoryException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public OutOfDeviceMemoryException(String message) {
    super(message);
  }
}
