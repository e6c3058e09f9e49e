// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.stream.Stream;

/** Bounds: forward one sum; backward a sum of T terms. */
class BiasTest extends OpParityTest {
  private static final int[][] SHAPES = {
    {0, 3},
    {1, 1},
    {2, 7},
    {31, 33},
    {32, 64},
    {63, 65},
    {257, 31},
    {1, 997},
    {1025, 64},
    {300, 255},
    {8, 4101}
  };

  static OpCase forward(int rows, int width, boolean absolute) {
    Inputs inputs = new Inputs(31L * rows + width, absolute);
    return new OpCase("biasForward")
        .in("bias", inputs.gaussian(width), width)
        .inOut("x", inputs.gaussian(rows * width), rows, width)
        .rows("x")
        .call((backend, t) -> backend.biasForward(t.get("bias"), t.get("x")))
        .depth(1);
  }

  static OpCase backward(int rows, int width, boolean absolute) {
    Inputs inputs = new Inputs(31L * rows + width, absolute);
    return new OpCase("biasBackward")
        .in("dy", inputs.gaussian(rows * width), rows, width)
        .free("dy")
        .out("dbias", width)
        .call((backend, t) -> backend.biasBackward(t.get("dy"), t.get("dbias")))
        .depth(rows);
  }

  @Override
  Stream<OpCase> cases() {
    return Stream.of(SHAPES)
        .flatMap(
            s ->
                Stream.of(false, true)
                    .flatMap(
                        abs -> Stream.of(forward(s[0], s[1], abs), backward(s[0], s[1], abs))));
  }

  @Override
  Stream<OpCase> small() {
    return Stream.of(forward(3, 4, false).free("x"), backward(3, 4, false));
  }

  @Override
  Stream<OpCase> separable() {
    return Stream.of(forward(9, 33, false));
  }
}
