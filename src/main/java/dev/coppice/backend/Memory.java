// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

/** What a tensor's bytes live in: transfers between host addresses and this memory's addresses. */
interface Memory {
  Backend backend();

  /** Bytes of one element here; the reference backend holds F32 in 8. */
  int width(DType dtype);

  /** Throws IllegalStateException when the memory has been released. */
  void requireOpen();

  void upload(long address, long hostAddress, long bytes);

  void download(long hostAddress, long address, long bytes);

  void copy(long address, long sourceAddress, long bytes);
}
