// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

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

/**
 * Runs an {@link OpCase} on a backend. Every argument lies in a larger tensor: NaN before and after
 * inputs, so that reading too far shows, and a canary around outputs, so that writing too far does.
 * The paddings differ, so that arguments start at addresses of every alignment. Outputs hold NaN
 * before the call.
 */
final class OpRun implements AutoCloseable {
  private static final float CANARY = -12345.678f;
  private static final int CANARY_ID = 0x5ca1ab1e;

  /** Content of all outputs after the call. */
  record Outcome(Map<String, double[]> floats, Map<String, int[]> ids) {}

  /** Where one argument lies. */
  private record Place(OpCase.Arg arg, Tensor whole, Tensor tensor, Object content) {}

  private final OpCase op;
  private final Backend backend;
  private final Workspace work;
  private final List<MappedFile> files = new ArrayList<>();
  private final Map<String, Place> places = new LinkedHashMap<>();
  final Map<String, Tensor> tensors = new LinkedHashMap<>();

  /** Lays out the arguments and fills them. */
  OpRun(Backend backend, OpCase op) {
    this.op = op;
    this.backend = backend;
    work = backend.workspace(Workspace.plan(backend, this::layout));
    places.clear();
    tensors.clear();
    try {
      layout(work);
      for (Place place : places.values()) {
        fill(place);
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  static Outcome outcome(Backend backend, OpCase op) {
    try (OpRun run = new OpRun(backend, op)) {
      return run.call();
    }
  }

  static Outcome onReference(OpCase op) {
    try (Backend reference = new ReferenceBackend()) {
      return outcome(reference, op);
    }
  }

  private static int padding(int index) {
    return 16 + index % 4;
  }

  private void layout(Allocator allocator) {
    int index = 0;
    for (OpCase.Arg arg : op.args.values()) {
      int padding = padding(index++);
      if (!arg.half()) {
        Tensor whole = allocator.tensor(arg.dtype(), arg.size() + 2 * padding);
        put(arg, whole, padding);
      } else if (allocator == work) {
        MappedFile file = backend.map(halves(arg, padding));
        files.add(file);
        put(arg, file.tensor(arg.dtype(), 0, arg.size() + 2 * padding), padding);
      }
    }
  }

  private void put(OpCase.Arg arg, Tensor whole, int padding) {
    Tensor tensor = whole.slice(padding, arg.dims());
    places.put(arg.name(), new Place(arg, whole, tensor, content(arg, padding)));
    tensors.put(arg.name(), tensor);
  }

  /** The padded content before the call. */
  private static Object content(OpCase.Arg arg, int padding) {
    int length = arg.size() + 2 * padding;
    boolean input = arg.role() == OpCase.Role.IN;
    if (arg.dtype() == DType.F32) {
      float[] all = new float[length];
      Arrays.fill(all, input ? Float.NaN : CANARY);
      float[] inner = (float[]) arg.values();
      for (int i = 0; i < arg.size(); i++) {
        all[padding + i] = inner == null ? Float.NaN : inner[i];
      }
      return all;
    }
    if (arg.dtype() == DType.I32) {
      int[] all = new int[length];
      Arrays.fill(all, CANARY_ID);
      int[] inner = (int[]) arg.values();
      for (int i = 0; i < arg.size(); i++) {
        all[padding + i] = inner == null ? CANARY_ID : inner[i];
      }
      return all;
    }
    return null;
  }

  private static Path halves(OpCase.Arg arg, int padding) {
    short nan = (short) (arg.dtype() == DType.BF16 ? 0x7fc0 : 0x7e00);
    ByteBuffer bytes =
        ByteBuffer.allocate(2 * (arg.size() + 2 * padding)).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < arg.size() + 2 * padding; i++) {
      boolean inside = i >= padding && i < padding + arg.size();
      bytes.putShort(inside ? ((short[]) arg.values())[i - padding] : nan);
    }
    try {
      Path file = Files.createTempFile("halves", ".bin");
      file.toFile().deleteOnExit();
      return Files.write(file, bytes.array());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void fill(Place place) {
    if (place.content instanceof float[] floats) {
      place.whole.write(floats);
    } else if (place.content instanceof int[] ids) {
      place.whole.write(ids);
    }
  }

  /** Calls the operation, checks everything around the outputs, and reads them. */
  Outcome call() {
    op.call.on(backend, tensors);
    Map<String, double[]> floats = new LinkedHashMap<>();
    Map<String, int[]> ids = new LinkedHashMap<>();
    for (Place place : places.values()) {
      assertUntouched(place, place.arg.role() != OpCase.Role.IN);
      if (place.arg.role() != OpCase.Role.IN) {
        if (place.arg.dtype() == DType.F32) {
          floats.put(place.arg.name(), place.tensor.doubles());
        } else {
          ids.put(place.arg.name(), place.tensor.ints());
        }
      }
    }
    return new Outcome(floats, ids);
  }

  /** The content is what it was before the call, except in the middle of an output. */
  private void assertUntouched(Place place, boolean output) {
    String what = op + ": outside of " + place.arg.name() + " on " + backend.name();
    int size = place.arg.size();
    if (place.content instanceof float[] before) {
      float[] after = place.whole.floats();
      int padding = (before.length - size) / 2;
      if (output) {
        System.arraycopy(before, padding, after, padding, size);
      }
      assertArrayEquals(before, after, what);
    } else if (place.content instanceof int[] before) {
      int[] after = place.whole.ints();
      int padding = (before.length - size) / 2;
      if (output) {
        System.arraycopy(before, padding, after, padding, size);
      }
      assertArrayEquals(before, after, what);
    }
  }

  /** Fails unless every argument, outputs included, still has the content laid out for it. */
  void assertNothingWritten() {
    for (Place place : places.values()) {
      assertUntouched(place, false);
    }
  }

  @Override
  public void close() {
    files.forEach(MappedFile::close);
    work.close();
  }
}
