// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static dev.coppice.backend.nativelib.Coppice.*;

import dev.coppice.backend.nativelib.Coppice;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.lwjgl.system.MemoryUtil;

/**
 * The C++ library {@code libcoppice} on one device. Checks shapes, calls {@link Coppice}, turns a
 * status into an exception; the operations are in {@link NativeCoreOps} and its subclasses.
 */
public final class NativeBackend extends NativeLanguageOps {

  /** Devices of {@code libcoppice}; {@link #code} is the {@code cop_device} of the header. */
  public enum Device {
    CPU(0),
    CUDA(1),
    /** The CUDA kernels run by g++ on the CPU: for tests. */
    EMULATED(2);

    final int code;

    Device(int code) {
      this.code = code;
    }
  }

  private static final int PART_POSITIONS = 512; // of width 64, 128 KiB for each tensor
  private static final int PARTS = 4; // and its multiples: equal shares for up to four cores

  private final Device device;
  private final int threads;
  private final NativeBackend origin; // of a lane: the backend whose tensors it reads too, or null
  private final long context;
  private final CublasProduct product; // null: libcoppice multiplies
  private final Graphs graphs = new Graphs(this);
  private boolean closed;

  /**
   * Opens the CPU or, in tests, the emulated device; for a GPU see {@link #onGpu}.
   *
   * @param threads CPU threads an operation may use, at least 1; of the emulated device the number
   *     of the order in which it runs threads
   * @throws UnsupportedOperationException if this build or this machine does not have the device
   */
  public NativeBackend(Device device, int threads) {
    if (device == Device.CUDA) {
      throw new IllegalArgumentException("a GPU needs cuBLAS too: see onGpu");
    }
    this.device = device;
    this.threads = threads;
    origin = null;
    context = create(device, threads);
    product = null;
  }

  /** A lane of another. */
  private NativeBackend(NativeBackend origin) {
    device = origin.device;
    threads = 1;
    this.origin = origin;
    context = create(device, threads);
    product = null;
  }

  /** A device with a stream, whose products are cuBLAS's. */
  NativeBackend(
      Device device,
      int number,
      Precision precision,
      CudaLibraries libraries,
      CublasProduct.Limits limits) {
    this.device = device;
    threads = 1;
    origin = null;
    context = create(device, number);
    try {
      CublasLibrary.load(libraries);
      product = new CublasProduct(context, precision, limits);
    } catch (RuntimeException failure) {
      check(cop_context_destroy(context));
      throw failure;
    }
  }

  /**
   * Opens the first GPU, with cuBLAS for the matrix product.
   *
   * @throws UnsupportedOperationException if this build has no device for GPUs, or this machine no
   *     GPU, driver or cuBLAS: with the reason and what to do
   */
  public static NativeBackend onGpu(Precision precision, CudaLibraries libraries) {
    return new NativeBackend(Device.CUDA, 1, precision, libraries, CublasProduct.Limits.DEFAULT);
  }

  private static long create(Device device, int threads) {
    long out = MemoryUtil.nmemAllocChecked(8);
    try {
      check(cop_context_create(device.code, threads, out));
      return MemoryUtil.memGetLong(out);
    } finally {
      MemoryUtil.nmemFree(out);
    }
  }

  @Override
  public String name() {
    return device.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public String description() {
    String described = cop_context_description(context());
    return product == null ? described : described + ", " + product.description();
  }

  @Override
  public int bytesOf(DType dtype) {
    return dtype.bytes();
  }

  @Override
  public Workspace workspace(long bytes) {
    return new Workspace(new Block(bytes));
  }

  @Override
  public MappedFile map(Path file) {
    context();
    Mapping mapping = mapped(file);
    if (device != Device.CPU) {
      try {
        Mapping copy = copied(mapping);
        return new MappedFile(
            copy, copy.address, copy.bytes, MappedFile.Advice.NONE, copy::release);
      } finally {
        mapping.release();
      }
    }
    return new MappedFile(
        mapping,
        mapping.address,
        mapping.bytes,
        (address, bytes, soon) -> check(cop_advise_file(address, bytes, soon ? 0 : 1)),
        mapping::release);
  }

  private Mapping mapped(Path file) {
    long out = MemoryUtil.nmemAllocChecked(16);
    try {
      check(cop_map_file(file.toString(), out, out + 8));
      long address = MemoryUtil.memGetLong(out);
      long bytes = MemoryUtil.memGetLong(out + 8);
      return new Mapping(address, bytes, () -> check(cop_unmap_file(address, bytes)));
    } finally {
      MemoryUtil.nmemFree(out);
    }
  }

  /** The content in device memory, where the kernels can read it. */
  private Mapping copied(Mapping file) {
    Block copy = new Block(file.bytes);
    try {
      check(cop_upload(context(), copy.address, file.address, file.bytes));
    } catch (RuntimeException e) {
      copy.free();
      throw e;
    }
    return new Mapping(copy.address, file.bytes, copy::free);
  }

  @Override
  public int parts(int positions) {
    if (device != Device.CPU || positions <= PART_POSITIONS / 2) {
      return 1;
    }
    int groups = (positions - 1) / (PARTS * PART_POSITIONS) + 1;
    return PARTS * groups;
  }

  @Override
  public List<Backend> openLanes() {
    List<Backend> lanes = new ArrayList<>();
    for (int lane = 0; device == Device.CPU && threads > 1 && lane < threads; lane++) {
      lanes.add(new NativeBackend(this));
    }
    return lanes;
  }

  @Override
  public Optional<Graphs> graphs() {
    return device == Device.CPU ? Optional.empty() : Optional.of(graphs);
  }

  /** What follows is recorded. */
  void beginGraph() {
    check(cop_graph_begin(context()));
    if (product != null) {
      product.record();
    }
  }

  /** From now on operations take their step from an address, or from their arguments where 0. */
  void useStep(int capacity, long step) {
    check(cop_step_use(context(), capacity, step));
    if (product != null) {
      product.stepInUse(capacity, step);
    }
  }

  @Override
  boolean reads(Backend owner) {
    return owner == this || (origin != null && owner == origin);
  }

  @Override
  public void gemm(
      boolean transA, boolean transB, float alpha, Tensor a, Tensor b, float beta, Tensor c) {
    if (product == null) {
      super.gemm(transA, transB, alpha, a, b, beta, c);
      return;
    }
    OpShapes.gemm(transA, transB, a, b, c);
    int k = transA ? a.dim(0) : a.dim(1);
    DType type = b.dtype();
    context();
    product.multiply(transA, transB, c.dim(0), c.dim(1), k, alpha, in(a), in(b), type, beta, in(c));
  }

  @Override
  public void sync() {
    check(cop_sync(context()));
  }

  @Override
  public long liveBytes() {
    long out = MemoryUtil.nmemAllocChecked(8);
    try {
      check(cop_context_live_bytes(context(), out));
      long held = product == null ? 0 : product.heldBytes();
      return MemoryUtil.memGetLong(out) - held;
    } finally {
      MemoryUtil.nmemFree(out);
    }
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    long bytes = liveBytes();
    if (bytes != 0) {
      throw new IllegalStateException(bytes + " bytes of workspace are still open");
    }
    if (graphs.open() != 0) {
      throw new IllegalStateException(graphs.open() + " graphs are still open");
    }
    if (product != null) {
      product.close();
    }
    check(cop_context_destroy(context));
    closed = true;
  }

  @Override
  long context() {
    if (closed) {
      throw new IllegalStateException("backend is closed");
    }
    return context;
  }

  static void check(int status) {
    switch (status) {
      case 0 -> {}
      case 1 -> throw new IllegalArgumentException(cop_last_error());
      case 2 -> throw new OutOfDeviceMemoryException(cop_last_error());
      case 3 -> throw new UnsupportedOperationException(cop_last_error());
      default -> throw new DeviceFailureException(cop_last_error());
    }
  }

  /** Transfers between the host and this backend's device. */
  private abstract class NativeMemory implements Memory {
    boolean open = true;

    @Override
    public Backend backend() {
      return NativeBackend.this;
    }

    @Override
    public int width(DType dtype) {
      return dtype.bytes();
    }

    @Override
    public void requireOpen() {
      if (!open) {
        throw new IllegalStateException("the tensor's memory has been released");
      }
    }

    @Override
    public void upload(long address, long hostAddress, long bytes) {
      check(cop_upload(context(), address, hostAddress, bytes));
    }

    @Override
    public void download(long hostAddress, long address, long bytes) {
      check(cop_download(context(), hostAddress, address, bytes));
    }

    @Override
    public void copy(long address, long sourceAddress, long bytes) {
      check(cop_copy(context(), address, sourceAddress, bytes));
    }
  }

  private final class Block extends NativeMemory implements Workspace.Block {
    private final long bytes;
    private final long address;

    Block(long bytes) {
      this.bytes = Math.max(bytes, 64);
      long out = MemoryUtil.nmemAllocChecked(8);
      try {
        check(cop_alloc(context(), this.bytes, out));
        address = MemoryUtil.memGetLong(out);
      } finally {
        MemoryUtil.nmemFree(out);
      }
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
    public void free() {
      if (open) {
        open = false;
        check(cop_free(context(), address, bytes));
      }
    }
  }

  /** A file's content that cannot be written: where it is mapped, or a copy on the device. */
  private final class Mapping extends NativeMemory {
    final long address;
    final long bytes;
    private final Runnable end;

    Mapping(long address, long bytes, Runnable end) {
      this.address = address;
      this.bytes = bytes;
      this.end = end;
    }

    @Override
    public void upload(long address, long hostAddress, long bytes) {
      throw new IllegalStateException("a mapped file is read-only");
    }

    @Override
    public void copy(long address, long sourceAddress, long bytes) {
      throw new IllegalStateException("a mapped file is read-only");
    }

    void release() {
      if (open) {
        open = false;
        end.run();
      }
    }
  }
}
