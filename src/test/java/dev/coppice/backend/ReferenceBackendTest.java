// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Memory of the reference backend; its operations are tested by gradients and fixtures. */
class ReferenceBackendTest {
  @Test
  void keepsFullPrecision() {
    try (Backend backend = new ReferenceBackend();
        Workspace work = backend.workspace(Workspace.plan(backend, a -> a.f32(3)))) {
      Tensor tensor = work.f32(3);
      double[] values = {1.0 / 3, Math.PI, -1e-300};
      tensor.write(values);
      assertArrayEquals(values, tensor.doubles());
      assertEquals(8, backend.bytesOf(DType.F32));
      assertEquals((float) Math.PI, tensor.floats()[1]);
    }
  }

  @Test
  void ownsItsMemory() {
    ReferenceBackend backend = new ReferenceBackend();
    Workspace work = backend.workspace(128);
    Tensor tensor = work.f32(2);
    assertEquals(128, backend.liveBytes());
    assertThrows(IllegalStateException.class, backend::close);
    work.close();
    work.close();
    assertThrows(IllegalStateException.class, tensor::doubles);
    assertThrows(IllegalStateException.class, () -> backend.fill(tensor, 1));
    assertEquals(0, backend.liveBytes());
    backend.close();
    backend.close();
    assertThrows(IllegalStateException.class, () -> backend.workspace(64));
  }

  @Test
  void moreThanTheMachineHasIsOutOfMemory() {
    try (Backend backend = new ReferenceBackend()) {
      assertThrows(OutOfDeviceMemoryException.class, () -> backend.workspace(1L << 60));
      assertEquals(0, backend.liveBytes());
      backend.workspace(64).close();
    }
  }

  @Test
  void refusesTensorsOfAnotherBackendBeforeItWrites() {
    try (Backend mine = new ReferenceBackend();
        Backend other = new ReferenceBackend();
        Workspace work = mine.workspace(256);
        Workspace strange = other.workspace(256)) {
      Tensor x = work.f32(2, 2);
      Tensor rstd = work.f32(2);
      Tensor weight = strange.f32(2);
      x.write(new double[] {1, 2, 3, 4});
      rstd.write(new double[] {5, 6});
      weight.write(new double[] {1, 1});
      assertThrows(
          IllegalArgumentException.class, () -> mine.rmsNormForward(x, weight, 0, x, rstd));
      assertArrayEquals(new double[] {1, 2, 3, 4}, x.doubles());
      assertArrayEquals(new double[] {5, 6}, rstd.doubles());
    }
  }

  @Test
  void readsTheTypesOfAMappedFile(@TempDir Path folder) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putFloat(0.1f).putFloat(-2);
    bytes.putShort((short) 0x3f80).putShort((short) 0xc040).putShort((short) 0x0001);
    bytes.putShort((short) 0x7fc0);
    bytes.putShort((short) 0x3c00).putShort((short) 0xc200).putShort((short) 0x0001);
    bytes.putShort((short) 0x7c00).putShort((short) 0xfbff).putShort((short) 0x7e00);
    Path file = folder.resolve("weights");
    Files.write(file, bytes.array());
    try (Backend backend = new ReferenceBackend();
        Workspace work = backend.workspace(256)) {
      Tensor out = work.f32(2);
      Tensor readOnly;
      try (MappedFile mapped = backend.map(file)) {
        assertEquals(32, mapped.bytes());
        readOnly = mapped.tensor(DType.F32, 0, 2);
        backend.convert(readOnly, out);
        assertArrayEquals(new double[] {0.1f, -2}, out.doubles());
        Tensor brain = work.f32(4);
        backend.convert(mapped.tensor(DType.BF16, 8, 4), brain);
        float smallest = Float.intBitsToFloat(1 << 16);
        assertArrayEquals(new double[] {1, -3, smallest, Double.NaN}, brain.doubles());
        Tensor half = work.f32(6);
        backend.convert(mapped.tensor(DType.F16, 16, 6), half);
        assertArrayEquals(
            new double[] {1, -3, 0x1p-24, Double.POSITIVE_INFINITY, -65504, Double.NaN},
            half.doubles());
        assertThrows(IllegalStateException.class, () -> backend.fill(readOnly, 1));
      }
      assertThrows(IllegalStateException.class, () -> backend.convert(readOnly, out));
    }
  }

  @Test
  void namesAFileThatCannotBeMapped(@TempDir Path folder) throws IOException {
    Path empty = Files.createFile(folder.resolve("empty"));
    Path absent = folder.resolve("absent");
    try (Backend backend = new ReferenceBackend()) {
      for (Path file : new Path[] {empty, absent, folder}) {
        IllegalArgumentException error =
            assertThrows(IllegalArgumentException.class, () -> backend.map(file));
        assertTrue(error.getMessage().contains(file.toString()), error.getMessage());
      }
    }
  }
}
