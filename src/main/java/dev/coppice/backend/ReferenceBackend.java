// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.io.IOException;
import java.nio.IntBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.system.MemoryUtil;
import org.lwjgl.system.linux.FCNTL;
import org.lwjgl.system.linux.MMAN;
import org.lwjgl.system.linux.UNISTD;

/**
 * Plain Java in float64: the definition of every operation, slow and obvious. An F32 tensor of its
 * workspaces holds 8 bytes an element, so finite differences of its operations are exact to about
 * 1e-9; tensors of a mapped file keep the type they have in the file. The formulas are in the
 * {@code Reference...} classes, one a family of operations.
 */
public final class ReferenceBackend extends ReferenceLanguageOps {
  private long liveBytes;
  private boolean closed;

  @Override
  public String name() {
    return "reference";
  }

  @Override
  public String description() {
    return "plain Java " + Runtime.version() + ", float64, one thread";
  }

  @Override
  public int bytesOf(DType dtype) {
    return dtype == DType.F32 ? Double.BYTES : dtype.bytes();
  }

  @Override
  public Workspace workspace(long bytes) {
    requireOpen();
    return new Workspace(new Block(bytes));
  }

  @Override
  public MappedFile map(Path file) {
    requireOpen();
    Mapping mapping = new Mapping(file);
    return new MappedFile(
        mapping, mapping.address, mapping.bytes, MappedFile.Advice.NONE, mapping::unmap);
  }

  @Override
  public int parts(int positions) {
    return 1;
  }

  @Override
  public Optional<Graphs> graphs() {
    return Optional.empty();
  }

  @Override
  public List<Backend> openLanes() {
    return List.of();
  }

  @Override
  public void sync() {
    requireOpen();
  }

  @Override
  public long liveBytes() {
    requireOpen();
    return liveBytes;
  }

  @Override
  public void close() {
    if (liveBytes != 0) {
      throw new IllegalStateException(liveBytes + " bytes of workspace are still open");
    }
    closed = true;
  }

  @Override
  void requireOpen() {
    if (closed) {
      throw new IllegalStateException("backend is closed");
    }
  }

  /** Host memory; transfers are copies. */
  private abstract class HostMemory implements Memory {
    boolean open = true;

    @Override
    public Backend backend() {
      return ReferenceBackend.this;
    }

    @Override
    public void requireOpen() {
      if (!open) {
        throw new IllegalStateException("the tensor's memory has been released");
      }
    }

    @Override
    public void download(long hostAddress, long address, long bytes) {
      MemoryUtil.memCopy(address, hostAddress, bytes);
    }
  }

  private final class Block extends HostMemory implements Workspace.Block {
    private final long bytes;
    private final long address;

    Block(long bytes) {
      this.bytes = Math.max(bytes, 64);
      address = MemoryUtil.nmemAlignedAlloc(64, this.bytes);
      if (address == 0) {
        throw new OutOfDeviceMemoryException(this.bytes + " bytes of host memory");
      }
      liveBytes += this.bytes;
    }

    @Override
    public int width(DType dtype) {
      return bytesOf(dtype);
    }

    @Override
    public long address() {
      return address;
    }

    @Override
    public long bytes() {
      return bytes;
    }

    @Override
    public void upload(long address, long hostAddress, long bytes) {
      MemoryUtil.memCopy(hostAddress, address, bytes);
    }

    @Override
    public void copy(long address, long sourceAddress, long bytes) {
      MemoryUtil.memCopy(sourceAddress, address, bytes);
    }

    @Override
    public void free() {
      if (open) {
        open = false;
        liveBytes -= bytes;
        MemoryUtil.nmemAlignedFree(address);
      }
    }
  }

  /** A read-only mapping, in the file's types. */
  private final class Mapping extends HostMemory {
    final long address;
    final long bytes;

    Mapping(Path file) {
      try (MemoryStack stack = MemoryStack.stackPush()) {
        IntBuffer errno = stack.mallocInt(1);
        bytes = Files.size(file);
        int descriptor = FCNTL.open(errno, file.toString(), FCNTL.O_RDONLY | FCNTL.O_CLOEXEC, 0);
        if (descriptor < 0) {
          throw new IllegalArgumentException(file + ": cannot open: error " + errno.get(0));
        }
        address = MMAN.mmap(errno, 0, bytes, MMAN.PROT_READ, MMAN.MAP_PRIVATE, descriptor, 0);
        int error = errno.get(0);
        UNISTD.close(errno, descriptor);
        if (address == MMAN.MAP_FAILED) {
          throw new IllegalArgumentException(file + ": cannot map: error " + error);
        }
      } catch (IOException e) {
        throw new IllegalArgumentException(file + ": cannot open: " + e, e);
      }
    }

    @Override
    public int width(DType dtype) {
      return dtype.bytes();
    }

    @Override
    public void upload(long address, long hostAddress, long bytes) {
      throw new IllegalStateException("a mapped file is read-only");
    }

    @Override
    public void copy(long address, long sourceAddress, long bytes) {
      throw new IllegalStateException("a mapped file is read-only");
    }

    void unmap() {
      if (open) {
        open = false;
        try (MemoryStack stack = MemoryStack.stackPush()) {
          MMAN.nmunmap(MemoryUtil.memAddress(stack.mallocInt(1)), address, bytes);
        }
      }
    }
  }
}
