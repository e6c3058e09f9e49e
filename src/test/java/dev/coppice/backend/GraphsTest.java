// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static dev.coppice.backend.nativelib.Coppice.cop_fault_arm;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.backend.Graphs.Graph;
import dev.coppice.backend.SurrogateOps.Adam;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Recording, replay and misuse; what a replayed operation gives is in native/test/graph_replay. */
class GraphsTest {
  private static final int WIDTH = 5;

  private static List<Backends.Candidate> withGraphs() {
    List<Backends.Candidate> found = new ArrayList<>(Backends.withCublas());
    Backends.available().stream().filter(c -> !c.kind().equals("CPU")).forEach(found::add);
    return found;
  }

  @Test
  void onlyDevicesWithAQueueHaveThem() {
    for (Backends.Candidate candidate : Backends.all()) {
      try (Backend backend = candidate.open()) {
        boolean host = backend.name().equals("cpu") || backend.name().equals("reference");
        assertEquals(!host, backend.graphs().isPresent(), candidate.label());
      }
    }
  }

  @Test
  void replaysWhatWasRecordedOnWhatIsThereNow() {
    for (Backends.Candidate candidate : withGraphs()) {
      try (Backend backend = candidate.open();
          Workspace work = backend.workspace(4096)) {
        Graphs graphs = backend.graphs().orElseThrow();
        Tensor x = work.f32(4);
        Tensor y = work.f32(4);
        x.write(new float[] {1, 2, 3, 4});
        y.write(new float[4]);
        try (Graph graph = graphs.record(() -> backend.axpy(2, x, y))) {
          assertArrayEquals(new float[4], y.floats(), "recording does nothing");
          graph.launch();
          x.write(new float[] {10, 20, 30, 40});
          graph.launch();
          assertArrayEquals(new float[] {22, 44, 66, 88}, y.floats(), candidate.label());
          assertThrows(IllegalStateException.class, backend::close);
        }
      }
    }
  }

  /** The gradient of a weight, the sum over positions: pieces of a long product among it. */
  @Test
  void aProductOverPositionsHasTheBitsOfThatOverThoseThatCount() {
    for (Backends.Candidate candidate : withGraphs()) {
      int room = 1536;
      try (Backend backend = candidate.open();
          Workspace work = backend.workspace(1 << 18)) {
        Tensor a = work.f32(room, WIDTH);
        Tensor b = work.f32(room, WIDTH);
        Tensor relu = work.f32(room, WIDTH);
        Tensor bias = work.f32(WIDTH);
        Tensor c = work.f32(WIDTH, WIDTH);
        Tensor step = work.i32(Graphs.STEP_SIZE);
        a.write(new Inputs(1, false).gaussian(room * WIDTH));
        b.write(new Inputs(2, false).gaussian(room * WIDTH));
        bias.write(new float[WIDTH]);
        Graphs graphs = backend.graphs().orElseThrow();
        Runnable operations =
            () -> {
              backend.biasReluForward(a, bias, relu);
              backend.gemm(true, false, 1, relu, b, 0, c);
            };
        graphs.write(step, room, 1, Adam.DEFAULT);
        Graph[] graph = new Graph[1];
        graphs.counted(
            step,
            room,
            () -> {
              operations.run();
              graph[0] = graphs.record(operations);
            });
        try (Graph recorded = graph[0]) {
          for (int count : new int[] {room, 1, 0, 511, 512, 513, 1025, room - 1}) {
            graphs.write(step, count, 1, Adam.DEFAULT);
            recorded.launch();
            float[] actual = c.floats();
            Tensor rows = relu.rows(0, count);
            backend.biasReluForward(a.rows(0, count), bias, rows);
            backend.gemm(true, false, 1, rows, b.rows(0, count), 0, c);
            assertArrayEquals(c.floats(), actual, count + " rows on " + candidate.label());
          }
        }
      }
    }
  }

  @Test
  void whatARecordingCannotHaveIsRefusedAndTheBackendStaysUsable() {
    for (Backends.Candidate candidate : withGraphs()) {
      try (Backend backend = candidate.open();
          Workspace work = backend.workspace(1 << 17)) {
        Graphs graphs = backend.graphs().orElseThrow();
        Tensor x = work.f32(2000, WIDTH);
        Tensor sum = work.f32(WIDTH);
        float[] ones = new float[2000 * WIDTH];
        Arrays.fill(ones, 1);
        x.write(ones);
        refused(graphs, () -> x.write(ones), "cop_upload cannot be part of a graph");
        refused(graphs, x::floats, "cop_download cannot be part of a graph");
        refused(graphs, backend::sync, "cop_sync cannot be part of a graph");
        refused(graphs, () -> backend.workspace(64), "cop_alloc cannot be part of a graph");
        refused(graphs, () -> graphs.record(() -> {}), "cop_graph_begin cannot be part of a graph");
        refused(graphs, () -> backend.biasBackward(x, sum), "do everything once before");
        backend.biasBackward(x, sum);
        try (Graph graph = graphs.record(() -> backend.biasBackward(x, sum))) {
          backend.fill(sum, -1);
          graph.launch();
          assertEquals(2000, sum.floats()[0], candidate.label());
        }
      }
    }
  }

  private static void refused(Graphs graphs, Runnable operation, String message) {
    assertMessage(message, () -> graphs.record(operation));
    assertEquals(0, graphs.open());
  }

  private static void assertMessage(String message, Executable call) {
    Exception failure = assertThrows(IllegalArgumentException.class, call);
    assertTrue(failure.getMessage().contains(message), failure::getMessage);
  }

  @Test
  void aProductThatNeedsMoreMemoryIsRefusedWhileRecording() {
    for (Backends.Candidate candidate : Backends.withCublas()) {
      try (Backend backend = candidate.open();
          Workspace work = backend.workspace(1 << 21)) {
        Graphs graphs = backend.graphs().orElseThrow();
        Tensor a = work.f32(2000, 4);
        Tensor c = work.f32(4, 4);
        a.write(new float[8000]);
        Runnable product = () -> backend.gemm(true, false, 1, a, a, 0, c);
        assertMessage("cop_alloc cannot be part of a graph", () -> graphs.record(product));
        product.run();
        try (Graph graph = graphs.record(product)) {
          long held = backend.liveBytes();
          Tensor wide = work.f32(520, 400);
          Tensor square = work.f32(400, 400);
          wide.write(new float[520 * 400]);
          backend.gemm(true, false, 1, wide, wide, 0, square); // needs more than the graph has
          backend.fill(a, 1);
          backend.fill(c, -1);
          graph.launch();
          assertEquals(2000, c.floats()[15], candidate.label());
          assertEquals(held, backend.liveBytes(), "what is kept is not the caller's");
        }
      }
    }
  }

  @Test
  void wrongStepsAndRowsAreRefused() {
    for (Backends.Candidate candidate : withGraphs()) {
      try (Backend backend = candidate.open();
          Backend other = new ReferenceBackend();
          Workspace strange = other.workspace(4096);
          Workspace work = backend.workspace(4096)) {
        Graphs graphs = backend.graphs().orElseThrow();
        Tensor step = work.i32(Graphs.STEP_SIZE);
        Tensor x = work.f32(4, WIDTH);
        Tensor bias = work.f32(WIDTH);
        bias.write(new float[WIDTH]);
        x.write(new float[4 * WIDTH]);
        Tensor foreign = strange.i32(Graphs.STEP_SIZE);
        for (Tensor wrong : new Tensor[] {foreign, work.i32(4), work.f32(Graphs.STEP_SIZE)}) {
          assertThrows(
              IllegalArgumentException.class, () -> graphs.write(wrong, 1, 1, Adam.DEFAULT));
          assertThrows(IllegalArgumentException.class, () -> graphs.counted(wrong, 4, () -> {}));
        }
        assertMessage("rows >= 0", () -> graphs.write(step, -1, 1, Adam.DEFAULT));
        assertMessage("number >= 1", () -> graphs.write(step, 1, 0, Adam.DEFAULT));
        graphs.write(step, 2, 1, Adam.DEFAULT);
        assertMessage(
            "over 3 rows while a cop_step is in use for 4",
            () -> graphs.counted(step, 4, () -> backend.biasForward(bias, x.rows(0, 3))));
        assertThrows(
            UnsupportedOperationException.class,
            () -> graphs.counted(step, 4, () -> backend.biasReluForwardJvp(x, null, x, x)));
        backend.biasForward(bias, x.rows(0, 3)); // the step is not in use any more
      }
    }
  }

  @Test
  void faultsLeaveNothingBehind() {
    for (Backends.Candidate candidate : withGraphs()) {
      try (Backend backend = candidate.open();
          Workspace work = backend.workspace(4096)) {
        Graphs graphs = backend.graphs().orElseThrow();
        Tensor x = work.f32(4);
        x.write(new float[] {1, 2, 3, 4});
        for (int n = 1; n <= 3; n++) { // at the beginning, in the operation, at the launch
          NativeBackend.check(cop_fault_arm("launch", n, 2));
          assertThrows(
              OutOfDeviceMemoryException.class,
              () -> {
                try (Graph graph = graphs.record(() -> backend.scale(2, x))) {
                  graph.launch();
                }
              });
          assertEquals(0, graphs.open());
        }
        NativeBackend.check(cop_fault_arm("launch", 0, 2));
        Graph graph = graphs.record(() -> backend.scale(2, x));
        graph.launch();
        graph.close();
        graph.close();
        assertThrows(IllegalStateException.class, graph::launch);
        assertArrayEquals(new float[] {2, 4, 6, 8}, x.floats());
      }
    }
  }
}
