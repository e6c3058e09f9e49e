// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A context that has seen other masks gives the same bits as one that has seen none. */
class DropoutMemoryTest {
  private static final Dropout MASK = new Dropout(0.5f, 42, 3, 1, 64);

  /** One use of a mask, on (rows, width). */
  private record Use(Dropout mask, int rows, int width) {}

  /** Each differs from the first in one thing. */
  private static final List<Use> OTHERS =
      List.of(
          new Use(new Dropout(0.25f, 42, 3, 1, 64), 12, 40),
          new Use(new Dropout(0.5f, 43, 3, 1, 64), 12, 40),
          new Use(new Dropout(0.5f, 42L + (1L << 32), 3, 1, 64), 12, 40),
          new Use(new Dropout(0.5f, 42, 4, 1, 64), 12, 40),
          new Use(new Dropout(0.5f, 42, 3, 2, 64), 12, 40),
          new Use(new Dropout(0.5f, 42, 3, 1, 65), 12, 40),
          new Use(MASK, 13, 40),
          new Use(MASK, 12, 41),
          new Use(MASK, 40, 12),
          new Use(MASK, 300, 64));

  /** The first before and after each other one, then after more masks than any memory holds. */
  private static List<Use> uses() {
    Use first = new Use(MASK, 12, 40);
    List<Use> uses = new ArrayList<>(List.of(first, first));
    for (Use other : OTHERS) {
      uses.addAll(List.of(other, first));
    }
    IntStream.range(0, 50)
        .forEach(site -> uses.add(new Use(new Dropout(0.5f, 42, 3, 100 + site), 1 + site, 40)));
    uses.add(first);
    return uses;
  }

  @Test
  void whatWasDrawnBeforeChangesNothing() {
    for (Backends.Candidate candidate : Backends.all()) {
      try (Backend used = candidate.open()) {
        for (Use use : uses()) {
          try (Backend fresh = candidate.open()) {
            assertArrayEquals(
                results(fresh, use), results(used, use), candidate.label() + " " + use);
          }
        }
      }
    }
  }

  /** A forward pass and the gradient under the same mask, end to end. */
  private static float[] results(Backend backend, Use use) {
    int t = use.rows;
    int d = use.width;
    try (Workspace work = backend.workspace(1 << 20)) {
      Tensor x = work.f32(t, d);
      Tensor gamma = work.f32(d);
      Tensor y = work.f32(t, d);
      Tensor xhat = work.f32(t, d);
      Tensor rstd = work.f32(t);
      Tensor ds = work.f32(t, d);
      Tensor dx = work.f32(t, d);
      Tensor sums = work.f32(3, d);
      x.write(new Inputs(7, false).gaussian(t * d));
      backend.fill(gamma, 1.5f);
      backend.residualLayerNormForward(x, null, x, gamma, gamma, 1e-6f, use.mask, y, xhat, rstd);
      Tensor[] of = {sums.slice(0, d), sums.slice(d, d), sums.slice(2L * d, d)};
      backend.residualLayerNormBackward(
          y, xhat, rstd, gamma, use.mask, ds, dx, of[0], of[1], of[2]);
      float[] all = new float[4 * t * d + 3 * d];
      int at = 0;
      for (Tensor tensor : new Tensor[] {y, ds, dx, sums}) {
        float[] values = tensor.floats();
        System.arraycopy(values, 0, all, at, values.length);
        at += values.length;
      }
      backend.dropoutForward(x, use.mask, y);
      System.arraycopy(y.floats(), 0, all, at, t * d);
      return Arrays.copyOf(all, at + t * d);
    }
  }
}
