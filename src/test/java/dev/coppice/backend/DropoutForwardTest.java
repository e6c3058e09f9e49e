// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.coppice.random.Philox;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Bound: 1 - rate, the quotient, and the product: 3. Dropped elements are exactly 0. */
class DropoutForwardTest extends OpParityTest {
  static final Dropout[] MASKS = {
    new Dropout(0.5f, 42, 1, 0),
    new Dropout(0.1f, -1, 7, 65535),
    new Dropout(0.9f, 0x123456789abcdef0L, 1 << 30, 3),
    new Dropout(0.5f, 42, 1, 2, 12345),
    new Dropout(0.5f, 42, 1, 2, (1L << 32) - 64),
    Dropout.NONE
  };

  static OpCase dropout(int rows, int width, Dropout mask, boolean inPlace, boolean abs) {
    Inputs inputs = new Inputs(31L * rows + width, abs);
    float[] x = inputs.gaussian(rows * width);
    OpCase op = new OpCase("dropout " + mask);
    op = inPlace ? op.inOut("x", x, rows, width) : op.in("x", x, rows, width).out("y", rows, width);
    if (inPlace) {
      op.freeAxis("x", 0).freeAxis("x", 1);
    }
    return op.rows("x", "y")
        .call((backend, t) -> backend.dropoutForward(t.get("x"), mask, t.get(inPlace ? "x" : "y")))
        .depth(3);
  }

  @Override
  Stream<OpCase> cases() {
    int[][] shapes = {
      {0, 3}, {1, 1}, {2, 7}, {31, 33}, {5, 64}, {63, 65}, {257, 31}, {1, 997}, {700, 257}
    };
    return Stream.of(shapes)
        .flatMap(
            s ->
                Stream.of(MASKS)
                    .flatMap(
                        mask ->
                            Stream.of(
                                dropout(s[0], s[1], mask, false, false),
                                dropout(s[0], s[1], mask, false, true),
                                dropout(s[0], s[1], mask, true, false))));
  }

  @Override
  Stream<OpCase> small() {
    return Stream.of(MASKS)
        .flatMap(m -> Stream.of(dropout(3, 5, m, false, false), dropout(3, 5, m, true, false)));
  }

  /** Without a mask; a mask depends on the place in the batch. */
  @Override
  Stream<OpCase> separable() {
    return Stream.of(dropout(5, 33, Dropout.NONE, false, false));
  }

  @Test
  void keepsByTheFirstWordOfItsCounter() {
    Dropout mask = new Dropout(0.25f, 99, 5, 12);
    for (Backends.Candidate candidate : Backends.all()) {
      try (Backend backend = candidate.open();
          Workspace work = backend.workspace(1 << 16)) {
        Tensor x = work.f32(10, 100);
        backend.fill(x, 1);
        backend.dropoutForward(x, mask, x);
        float[] y = x.floats();
        for (int i = 0; i < y.length; i++) {
          long word = Integer.toUnsignedLong(Philox.firstWord(99, 2, 5, 12, i));
          assertEquals(word >= 1L << 30 ? 4.0 / 3 : 0, y[i], 2e-7, candidate.label() + " " + i);
        }
      }
    }
  }
}
