// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.stream.Stream;

/** Bound: one product an element. */
class RowSquareTest extends OpParityTest {
  private static final int[][] SHAPES = {
    {0, 3}, {1, 1}, {2, 7}, {5, 16}, {3, 33}, {40, 64}, {600, 15}
  };

  static OpCase square(int rows, int width) {
    Inputs inputs = new Inputs(31L * rows + width, false);
    return new OpCase("rowSquare")
        .in("x", inputs.gaussian(rows * width), rows, width)
        .out("out", rows, width * (width + 1) / 2)
        .rows("x", "out")
        .call((backend, t) -> backend.rowSquare(t.get("x"), t.get("out")))
        .depth(1);
  }

  @Override
  Stream<OpCase> cases() {
    return Stream.of(SHAPES).map(s -> square(s[0], s[1]));
  }

  @Override
  Stream<OpCase> small() {
    return Stream.of(square(4, 3));
  }

  @Override
  Stream<OpCase> separable() {
    return Stream.of(square(9, 33));
  }
}
