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
  private final Advice advice;
  private final Runnable unmap;

  /** Tells the system how a part of the file is used next. */
  @FunctionalInterface
  interface Advice {
    /** Nothing to tell: the content is in memory anyway. */
    Advice NONE = (address, bytes, soon) -> {};

    void give(long address, long bytes, boolean soon);
  }

  MappedFile(Memory memory, long address, long bytes, Advice advice, Runnable unmap) {
    this.memory = memory;
    this.address = address;
    this.bytes = bytes;
    this.advice = advice;
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

  /**
   * A part of the file is read soon: the system begins to fetch it from disk. A hint.
   *
   * @throws IllegalArgumentException if the part does not lie in the file
   */
  public void prefetch(long offset, long count) {
    advise(offset, count, true);
  }

  /**
   * A part of the file is not read for a while: it leaves the process's memory until it is read
   * again. A hint.
   *
   * @throws IllegalArgumentException if the part does not lie in the file
   */
  public void release(long offset, long count) {
    advise(offset, count, false);
  }

  private void advise(long offset, long count, boolean soon) {
    memory.requireOpen();
    if (offset < 0 || count < 0 || offset > bytes - count) {
      throw new IllegalArgumentException(
          count + " bytes at offset " + offset + " do not lie in a file of " + bytes);
    }
    if (count > 0) {
      advice.give(address + offset, count, soon);
    }
  }

  /** Unmaps the file. Idempotent. */
  @Override
  public void close() {
    unmap.run();
  }
}
