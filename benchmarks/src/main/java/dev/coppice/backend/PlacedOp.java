// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A call's arguments on a backend, aligned as a workspace aligns them, and filled. */
final class PlacedOp implements AutoCloseable {
  private final OpCase op;
  private final Backend backend;
  private final Workspace work;
  private final List<MappedFile> files = new ArrayList<>();
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();

  PlacedOp(Backend backend, OpCase op) {
    this.op = op;
    this.backend = backend;
    work = backend.workspace(Workspace.plan(backend, this::layout));
    layout(work);
    for (OpCase.Arg arg : op.args.values()) {
      if (arg.half()) {
        MappedFile file = backend.map(halves((short[]) arg.values()));
        files.add(file);
        tensors.put(arg.name(), file.tensor(arg.dtype(), 0, arg.dims()));
      } else {
        fill(arg);
      }
    }
  }

  private void layout(Allocator allocator) {
    for (OpCase.Arg arg : op.args.values()) {
      if (!arg.half()) {
        tensors.put(arg.name(), allocator.tensor(arg.dtype(), arg.dims()));
      }
    }
  }

  /** Outputs hold NaN and ids no item has, so that what is not computed is seen. */
  private void fill(OpCase.Arg arg) {
    Tensor tensor = tensors.get(arg.name());
    if (arg.dtype() == DType.F32) {
      float[] values = arg.values() == null ? new float[arg.size()] : (float[]) arg.values();
      if (arg.values() == null) {
        Arrays.fill(values, Float.NaN);
      }
      tensor.write(values);
    } else {
      int[] values = arg.values() == null ? new int[arg.size()] : (int[]) arg.values();
      if (arg.values() == null) {
        Arrays.fill(values, Integer.MIN_VALUE);
      }
      tensor.write(values);
    }
  }

  private static Path halves(short[] values) {
    ByteBuffer bytes = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asShortBuffer().put(values);
    try {
      Path file = Files.createTempFile("halves", ".bin");
      file.toFile().deleteOnExit();
      return Files.write(file, bytes.array());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Calls the operation so many times, one call queued after the other, and waits until all are
   * done.
   */
  void call(int times) {
    for (int i = 0; i < times; i++) {
      op.call.on(backend, tensors);
    }
    backend.sync();
  }

  /**
   * Compares the results of the first call with the reference's.
   *
   * @param tolerance of the largest difference relative to a result's largest element
   * @throws AssertionError naming the result that differs
   */
  void check(double tolerance) {
    OpRun.Outcome expected = OpRun.onReference(op);
    call(1);
    expected
        .floats()
        .forEach(
            (name, values) -> {
              double[] actual = tensors.get(name).doubles();
              double magnitude = Double.MIN_NORMAL;
              double difference = 0;
              for (int i = 0; i < values.length; i++) {
                magnitude = Math.max(magnitude, Math.abs(values[i]));
                difference = Math.max(difference, Math.abs(actual[i] - values[i])); // keeps NaN
              }
              if (!(difference <= tolerance * magnitude)) {
                throw new AssertionError(
                    "%s: %s differs by %.3g of %.3g"
                        .formatted(op.name, name, difference, magnitude));
              }
            });
    expected
        .ids()
        .forEach(
            (name, ids) -> {
              if (!Arrays.equals(ids, tensors.get(name).ints())) {
                throw new AssertionError(op.name + ": " + name + " differs");
              }
            });
  }

  @Override
  public void close() {
    files.forEach(MappedFile::close);
    work.close();
  }
}
