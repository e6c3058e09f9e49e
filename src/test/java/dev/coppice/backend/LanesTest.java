// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;

class LanesTest {
  private static NativeBackend cpu(int threads) {
    return new NativeBackend(NativeBackend.Device.CPU, threads);
  }

  @Test
  void oneThreadAndTheReferenceAreTheirOnlyLane() {
    try (Backend one = cpu(1);
        Lanes ofOne = Lanes.of(one);
        Backend reference = new ReferenceBackend();
        Lanes ofReference = Lanes.of(reference)) {
      assertEquals(1, ofOne.count());
      assertSame(one, ofOne.backend(0));
      assertSame(reference, ofReference.backend(0));
    }
  }

  @Test
  void everyPieceIsDoneOnce() {
    AtomicIntegerArray done = new AtomicIntegerArray(100);
    try (Backend backend = cpu(3);
        Lanes lanes = Lanes.of(backend)) {
      lanes.run(100, (lane, piece) -> done.incrementAndGet(piece));
      lanes.run(0, (lane, piece) -> done.incrementAndGet(0));
    }
    for (int piece = 0; piece < 100; piece++) {
      assertEquals(1, done.get(piece));
    }
  }

  @Test
  void lanesWorkAtTheSameTime() {
    CyclicBarrier all = new CyclicBarrier(3);
    try (Backend backend = cpu(3);
        Lanes lanes = Lanes.of(backend)) {
      lanes.run(3, (lane, piece) -> meet(all));
    }
    assertEquals(0, all.getNumberWaiting());
  }

  private static void meet(CyclicBarrier all) {
    try {
      all.await(1, TimeUnit.MINUTES);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void lanesReadAndWriteTensorsOfTheirBackendAndNoOtherDoes() {
    try (Backend backend = cpu(2);
        Backend stranger = cpu(2);
        Workspace workspace = backend.workspace(1024);
        Lanes lanes = Lanes.of(backend)) {
      Tensor x = workspace.f32(2, 3);
      lanes.run(2, (lane, row) -> lanes.backend(lane).fill(x.rows(row, 1), row + 1f));
      assertArrayEquals(new double[] {1, 1, 1, 2, 2, 2}, x.doubles());
      assertThrows(IllegalArgumentException.class, () -> stranger.fill(x, 0f));
      try (Workspace own = lanes.backend(1).workspace(64)) {
        Tensor y = own.f32(3);
        assertThrows(IllegalArgumentException.class, () -> backend.fill(y, 0f));
        assertThrows(IllegalArgumentException.class, () -> lanes.backend(0).fill(y, 0f));
      }
    }
  }

  /** So long that all pieces take seconds, where the failure takes some microseconds to be seen. */
  private static void pause() {
    for (int i = 0; i < 100; i++) {
      Thread.onSpinWait();
    }
  }

  @Test
  void failureOfOneLaneEndsTheOthersAndIsTold() {
    CyclicBarrier both = new CyclicBarrier(2);
    AtomicInteger done = new AtomicInteger();
    try (Backend backend = cpu(2);
        Lanes lanes = Lanes.of(backend)) {
      IllegalStateException told =
          assertThrows(
              IllegalStateException.class,
              () ->
                  lanes.run(
                      1_000_000,
                      (lane, piece) -> {
                        if (piece < 2) {
                          meet(both);
                        }
                        if (piece == 1) {
                          throw new IllegalStateException("piece " + piece);
                        }
                        done.incrementAndGet();
                        pause();
                      }));
      assertEquals("piece 1", told.getMessage());
      assertTrue(done.get() < 999_999, "every other piece was done");
      AtomicInteger after = new AtomicInteger();
      lanes.run(7, (lane, piece) -> after.incrementAndGet());
      assertEquals(7, after.get());
    }
  }
}
