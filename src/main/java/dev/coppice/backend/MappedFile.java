// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

/**
 * A file mapped read-only into host memory, unmapped on close: the weights of a checkpoint, which
 * stay on disk until they are touched; a device with memory of its own holds a copy instead. It
 * owns the mapping; its tensors are views that refuse use after it is closed and cannot be written.
 */
public final class MappedFile implements AutoCloseable {
  private final Memory memory;
  private final long address;
  private final long bytes;
  private final Runnable unmap;

  MappedFile(Memory memory, long address, long bytes, Runnable unmap) {
    this.memory = memory;
    this.address = address;
    this.bytes = bytes;
    this.unmap = unmap;
  }

  /** Size of the file. */
  public long bytes() {
    return bytes;
  }

  /**
   * The elements from byte {@code offset} on.
   *
   * @throws IllegalArgumentException if they do not lie in the file or are not aligned to their
   *     width
   */
  public Tensor tensor(DType dtype, long offset, int... dims) {
    long size = Math.multiplyExact(Tensor.elements(dims), (long) dtype.bytes());
    if (offset < 0 || offset > bytes - size || offset % dtype.bytes() != 0) {
      throw new IllegalArgumentException(
          size + " bytes at offset " + offset + " do not lie, aligned, in a file of " + bytes);
    }
    return new Tensor(memory, address + offset, dtype, dims.clone());
  }

  /** Unmaps the file. Idempotent. */
  @Override
  public void close() {
    unmap.run();
  }
}
