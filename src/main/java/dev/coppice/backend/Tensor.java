// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.Arrays;
import org.lwjgl.system.MemoryUtil;

/**
 * A dense array in a {@link Workspace} or a {@link MappedFile}: row-major, contiguous, valid until
 * its owner closes. A view: copying it copies no data. Reads wait for queued operations.
 */
public final class Tensor {
  private static final int STAGING_ELEMENTS = 1 << 18;

  final Memory memory;
  private final long address;
  private final DType dtype;
  private final int[] dims;

  Tensor(Memory memory, long address, DType dtype, int[] dims) {
    this.memory = memory;
    this.address = address;
    this.dtype = dtype;
    this.dims = dims;
  }

  static long elements(int... dims) {
    long size = 1;
    for (int extent : dims) {
      if (extent < 0) {
        throw new IllegalArgumentException("negative extent in " + Arrays.toString(dims));
      }
      size = Math.multiplyExact(size, (long) extent);
    }
    return size;
  }

  public DType dtype() {
    return dtype;
  }

  /** Extents, outermost first. */
  public int[] dims() {
    return dims.clone();
  }

  public int rank() {
    return dims.length;
  }

  public int dim(int axis) {
    return dims[axis];
  }

  /** Number of elements. */
  public long size() {
    return elements(dims);
  }

  /** Rows {@code from .. from+count-1} of the outermost axis. */
  public Tensor rows(int from, int count) {
    if (dims.length == 0 || from < 0 || count < 0 || from > dims[0] - count) {
      throw new IllegalArgumentException(
          "rows " + from + " + " + count + " do not lie in " + Arrays.toString(dims));
    }
    int[] shape = Arrays.copyOf(dims, dims.length); // clone() is slow in the quick compiler
    shape[0] = count;
    long rowElements = dims[0] == 0 ? 0 : size() / dims[0];
    return new Tensor(memory, address + from * rowElements * memory.width(dtype), dtype, shape);
  }

  /** The elements from {@code from} on, as a tensor of the given shape. */
  public Tensor slice(long from, int... shape) {
    if (from < 0 || elements(shape) > size() - from) {
      throw new IllegalArgumentException(
          Arrays.toString(shape) + " from element " + from + " exceeds " + Arrays.toString(dims));
    }
    return new Tensor(memory, address + from * memory.width(dtype), dtype, shape.clone());
  }

  /** The same elements in another shape. */
  public Tensor reshape(int... shape) {
    if (elements(shape) != size()) {
      throw new IllegalArgumentException(
          Arrays.toString(dims) + " cannot become " + Arrays.toString(shape));
    }
    return new Tensor(memory, address, dtype, shape.clone());
  }

  /**
   * Copies {@code values} in; the array may be reused at once.
   *
   * @throws IllegalArgumentException if the length is not the tensor's size or the type is not F32
   */
  public void write(float[] values) {
    requireWritable(DType.F32, values.length);
    boolean wide = memory.width(dtype) == Double.BYTES;
    stage(
        values.length,
        (host, from, count) -> {
          if (wide) {
            for (int i = 0; i < count; i++) {
              MemoryUtil.memPutDouble(host + 8L * i, values[from + i]);
            }
          } else {
            MemoryUtil.memFloatBuffer(host, count).put(values, from, count);
          }
        },
        true);
  }

  /** Copies {@code values} in, rounded to the precision of the backend. */
  public void write(double[] values) {
    requireWritable(DType.F32, values.length);
    boolean wide = memory.width(dtype) == Double.BYTES;
    stage(
        values.length,
        (host, from, count) -> {
          for (int i = 0; i < count; i++) {
            if (wide) {
              MemoryUtil.memPutDouble(host + 8L * i, values[from + i]);
            } else {
              MemoryUtil.memPutFloat(host + 4L * i, (float) values[from + i]);
            }
          }
        },
        true);
  }

  /** Copies indices in. */
  public void write(int[] values) {
    requireWritable(DType.I32, values.length);
    stage(
        values.length,
        (host, from, count) -> MemoryUtil.memIntBuffer(host, count).put(values, from, count),
        true);
  }

  /** The content as float32; F32 only. */
  public float[] floats() {
    require(DType.F32);
    float[] values = new float[Math.toIntExact(size())];
    boolean wide = memory.width(dtype) == Double.BYTES;
    stage(
        values.length,
        (host, from, count) -> {
          if (wide) {
            for (int i = 0; i < count; i++) {
              values[from + i] = (float) MemoryUtil.memGetDouble(host + 8L * i);
            }
          } else {
            MemoryUtil.memFloatBuffer(host, count).get(values, from, count);
          }
        },
        false);
    return values;
  }

  /**
   * The content in float64: exact on the reference backend, widened float32 elsewhere; F32 only.
   */
  public double[] doubles() {
    require(DType.F32);
    double[] values = new double[Math.toIntExact(size())];
    boolean wide = memory.width(dtype) == Double.BYTES;
    stage(
        values.length,
        (host, from, count) -> {
          for (int i = 0; i < count; i++) {
            values[from + i] =
                wide
                    ? MemoryUtil.memGetDouble(host + 8L * i)
                    : MemoryUtil.memGetFloat(host + 4L * i);
          }
        },
        false);
    return values;
  }

  /** The content of an index tensor. */
  public int[] ints() {
    require(DType.I32);
    int[] values = new int[Math.toIntExact(size())];
    stage(
        values.length,
        (host, from, count) -> MemoryUtil.memIntBuffer(host, count).get(values, from, count),
        false);
    return values;
  }

  /** Copies the content of another tensor of the same backend, type and size. */
  public void copyFrom(Tensor source) {
    if (source.dtype != dtype
        || source.size() != size()
        || source.memory.backend() != memory.backend()
        || source.memory.width(dtype) != memory.width(dtype)) {
      throw new IllegalArgumentException("tensors differ in type, size or backend");
    }
    memory.copy(address(), source.address(), size() * memory.width(dtype));
  }

  /** Start of the data; the owner must be open. */
  long address() {
    memory.requireOpen();
    return address;
  }

  /** Bytes of one element where it is stored. */
  int width() {
    return memory.width(dtype);
  }

  private interface Transfer {
    void move(long host, int from, int count);
  }

  /** Moves the whole tensor through a small host buffer, to the device or from it. */
  private void stage(int length, Transfer transfer, boolean toDevice) {
    long start = address();
    int width = memory.width(dtype);
    int step = Math.min(length, STAGING_ELEMENTS);
    if (length == 0) {
      return;
    }
    long host = MemoryUtil.nmemAlignedAllocChecked(64, Math.multiplyExact((long) step, width));
    try {
      for (int from = 0; from < length; from += step) {
        int count = Math.min(step, length - from);
        long bytes = (long) count * width;
        long place = start + (long) from * width;
        if (toDevice) {
          transfer.move(host, from, count);
          memory.upload(place, host, bytes);
        } else {
          memory.download(host, place, bytes);
          transfer.move(host, from, count);
        }
      }
    } finally {
      MemoryUtil.nmemAlignedFree(host);
    }
  }

  private void require(DType type) {
    if (dtype != type) {
      throw new IllegalArgumentException("tensor holds " + dtype + ", not " + type);
    }
  }

  private void requireWritable(DType type, int length) {
    require(type);
    if (length != size()) {
      throw new IllegalArgumentException("expected " + size() + " values, got " + length);
    }
  }

  @Override
  public String toString() {
    return dtype + Arrays.toString(dims);
  }
}
