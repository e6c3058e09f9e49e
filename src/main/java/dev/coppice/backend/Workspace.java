// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.function.Consumer;

/**
 * One block of backend memory, made when a stage starts and handed out from the front. It owns the
 * memory; tensors are views that refuse use after it is closed.
 */
public final class Workspace implements Allocator, AutoCloseable {
  private static final int ALIGNMENT = 64;

  private final Block block;
  private long used;

  Workspace(Block block) {
    this.block = block;
  }

  /** Memory with an owner who frees it; implemented by each backend. */
  interface Block extends Memory {
    long address();

    long bytes();

    /** Frees the memory. Idempotent. */
    void free();
  }

  /**
   * Bytes that a workspace of {@code backend} needs for the tensors {@code layout} asks for. The
   * tensors handed out while counting must not be read or written.
   */
  public static long plan(Backend backend, Consumer<Allocator> layout) {
    Sizer sizer = new Sizer(backend);
    layout.accept(sizer);
    return sizer.bytes;
  }

  @Override
  public Tensor tensor(DType dtype, int... dims) {
    block.requireOpen();
    long bytes = aligned(Tensor.elements(dims) * block.width(dtype));
    if (bytes > block.bytes() - used) {
      throw new IllegalStateException(
          "workspace of " + block.bytes() + " bytes is full: " + bytes + " more do not fit");
    }
    Tensor tensor = new Tensor(block, block.address() + used, dtype, dims.clone());
    used += bytes;
    return tensor;
  }

  /** Capacity in bytes. */
  public long bytes() {
    return block.bytes();
  }

  /** Frees the memory. Idempotent. Every tensor of this workspace becomes unusable. */
  @Override
  public void close() {
    block.free();
  }

  private static long aligned(long bytes) {
    return Math.addExact(bytes, ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  private static final class Sizer implements Allocator, Memory {
    private final Backend backend;
    private long bytes;

    Sizer(Backend backend) {
      this.backend = backend;
    }

    @Override
    public Tensor tensor(DType dtype, int... dims) {
      bytes = Math.addExact(bytes, aligned(Tensor.elements(dims) * width(dtype)));
      return new Tensor(this, 0, dtype, dims.clone());
    }

    @Override
    public Backend backend() {
      return backend;
    }

    @Override
    public int width(DType dtype) {
      return backend.bytesOf(dtype);
    }

    @Override
    public void requireOpen() {
      throw new IllegalStateException("this tensor was only counted; it has no memory");
    }

    @Override
    public void upload(long address, long hostAddress, long bytes) {
      requireOpen();
    }

    @Override
    public void download(long hostAddress, long address, long bytes) {
      requireOpen();
    }

    @Override
    public void copy(long address, long sourceAddress, long bytes) {
      requireOpen();
    }
  }
}
