// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

/** The device, or the native library, failed; the backend is lost. */
public final class DeviceFailureException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public DeviceFailureException(String message) {
    super(message);
  }
}
