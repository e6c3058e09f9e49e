// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.Map;
import java.util.stream.Stream;

/** Bound: two products and their sum. */
class RopeForwardTest extends OpParityTest {
  static OpCase rope(int rows, int heads, int half, boolean inverse, boolean absolute) {
    return rope(rows, heads, half, 0, inverse, absolute);
  }

  /** With {@code still} columns of each head behind those that turn. */
  static OpCase rope(int rows, int heads, int half, int still, boolean inverse, boolean absolute) {
    Inputs inputs = new Inputs(31L * rows + 7L * heads + half, absolute);
    int width = 2 * half + still;
    int positions = 13;
    float[] cosines = new float[positions * half];
    float[] sines = new float[positions * half];
    for (int p = 0; p < positions; p++) {
      for (int c = 0; c < half; c++) {
        double angle = p * Math.pow(10_000, -(double) c / half);
        cosines[p * half + c] = (float) Math.cos(angle);
        sines[p * half + c] = (float) Math.sin(angle);
      }
    }
    return new OpCase("ropeForward " + inverse)
        .in("positions", inputs.ids(rows, positions), rows)
        .in("cosines", cosines, positions, half)
        .in("sines", sines, positions, half)
        .inOut("x", inputs.gaussian(rows * heads * width), rows, heads, width)
        .rows("positions", "x")
        .freeAxis("x", 1)
        .freeAxis("x", 2)
        .call(
            (backend, t) ->
                backend.ropeForward(
                    t.get("positions"), t.get("cosines"), t.get("sines"), inverse, t.get("x")))
        .rounded(c -> errors(c, half, inverse));
  }

  private static Map<String, Rounded[]> errors(OpCase c, int half, boolean inverse) {
    int heads = c.dim("x", 1);
    int width = c.dim("x", 2);
    Rounded[] x = c.exact("x");
    Rounded[] turned = new Rounded[x.length];
    for (int i = 0; i < x.length; i++) {
      int within = i % width;
      if (within >= 2 * half) {
        turned[i] = x[i];
        continue;
      }
      int angle = c.ints("positions")[i / (heads * width)] * half + within % half;
      boolean first = within < half;
      Rounded other = x[first ? i + half : i - half];
      Rounded sine = c.exact("sines")[angle].times(first != inverse ? -1 : 1);
      turned[i] = x[i].times(c.exact("cosines")[angle]).plus(other.times(sine));
    }
    return Map.of("x", turned);
  }

  @Override
  Stream<OpCase> cases() {
    int[][] shapes = {
      {0, 1, 1},
      {1, 1, 1},
      {2, 7, 4},
      {31, 3, 16},
      {33, 2, 31},
      {64, 4, 32},
      {257, 1, 64},
      {63, 5, 3}
    };
    return Stream.of(shapes)
        .flatMap(
            s ->
                Stream.of(
                    rope(s[0], s[1], s[2], false, false),
                    rope(s[0], s[1], s[2], false, true),
                    rope(s[0], s[1], s[2], true, false),
                    rope(s[0], s[1], s[2], 1 + s[2] % 5, s[0] % 2 == 0, false)));
  }

  @Override
  Stream<OpCase> small() {
    return Stream.of(
        rope(3, 2, 2, false, false), rope(3, 2, 2, true, false), rope(3, 2, 2, 3, false, false));
  }

  @Override
  Stream<OpCase> separable() {
    return Stream.of(
        rope(7, 3, 17, false, false), rope(7, 2, 32, true, false), rope(7, 2, 16, 9, true, false));
  }
}
