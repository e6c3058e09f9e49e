// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Exact. */
class FillTest {
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 7, 31, 33, 64, 257, 100_003})
  void fillsThisTensorOnly(int n) {
    OpCase op =
        new OpCase("fill").out("x", n).call((backend, t) -> backend.fill(t.get("x"), -0.1f));
    for (Backends.Candidate candidate : Backends.all()) {
      try (Backend backend = candidate.open()) {
        double[] filled = OpRun.outcome(backend, op).floats().get("x");
        assertEquals(n, filled.length);
        for (double value : filled) {
          assertEquals(-0.1f, value, candidate.label());
        }
      }
    }
  }

  @Test
  void fillsWithNan() {
    for (Backends.Candidate candidate : Backends.all()) {
      try (Backend backend = candidate.open();
          Workspace work = backend.workspace(64)) {
        Tensor x = work.f32(3);
        backend.fill(x, Float.NaN);
        assertTrue(Float.isNaN(x.floats()[2]), candidate.label());
      }
    }
  }

  @Test
  void refusesIndices() {
    for (Backends.Candidate candidate : Backends.all()) {
      try (Backend backend = candidate.open();
          Workspace work = backend.workspace(64)) {
        Tensor ids = work.i32(3);
        assertThrows(IllegalArgumentException.class, () -> backend.fill(ids, 1));
      }
    }
  }
}
