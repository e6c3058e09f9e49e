// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class WorkspaceTest {
  @Test
  void tensorsKeepWhatIsWritten() {
    try (Backend backend = new NativeBackend(NativeBackend.Device.CPU, 1);
        Workspace work =
            backend.workspace(
                Workspace.plan(
                    backend,
                    a -> {
                      a.f32(2, 3);
                      a.i32(5);
                    }))) {
      Tensor floats = work.f32(2, 3);
      Tensor ints = work.i32(5);
      floats.write(new float[] {1, 2, 3, 4, 5, 6});
      ints.write(new int[] {7, 8, 9, 10, 11});
      assertArrayEquals(new float[] {4, 5, 6}, floats.rows(1, 1).floats());
      assertArrayEquals(new double[] {1, 2, 3, 4, 5, 6}, floats.doubles());
      assertArrayEquals(new int[] {7, 8, 9, 10, 11}, ints.ints());
      assertThrows(IllegalStateException.class, () -> work.f32(1));
    }
  }

  @Test
  void tensorOfAClosedWorkspaceIsUnusable() {
    try (Backend backend = new NativeBackend(NativeBackend.Device.CPU, 1)) {
      Workspace work = backend.workspace(64);
      Tensor tensor = work.f32(4);
      work.close();
      work.close();
      assertThrows(IllegalStateException.class, tensor::floats);
      assertEquals(0, backend.liveBytes());
    }
  }

  @Test
  void backendRefusesToCloseBeforeItsWorkspaces() {
    NativeBackend backend = new NativeBackend(NativeBackend.Device.CPU, 1);
    Workspace work = backend.workspace(64);
    assertThrows(IllegalStateException.class, backend::close);
    work.close();
    backend.close();
    backend.close();
    assertThrows(IllegalStateException.class, () -> backend.workspace(64));
  }
}
