// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

/** Element types of tensors; {@link #code} is the {@code cop_dtype} of the header. */
public enum DType {
  F32(0, 4),
  I32(1, 4),
  BF16(2, 2),
  F16(3, 2);

  final int code;
  private final int bytes;

  DType(int code, int bytes) {
    this.code = code;
    this.bytes = bytes;
  }

  /** Bytes of one element in files and on native devices. */
  public int bytes() {
    return bytes;
  }
}
