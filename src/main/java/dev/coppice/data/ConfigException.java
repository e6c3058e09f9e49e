// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

/** An option or a configuration is wrong; the message says which and what is allowed. */
public final class ConfigException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public ConfigException(String message) {
    super(message);
  }
}
