// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Bounds: forward and its tangent one sum; dx is exact, dbias a sum of T terms. */
class BiasReluTest extends OpParityTest {
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
    {300, 255}
  };

  static OpCase forward(int rows, int width, boolean bias, boolean inPlace, boolean abs) {
    Inputs inputs = new Inputs(31L * rows + width, abs);
    float[] x = inputs.gaussian(rows * width);
    OpCase op = new OpCase("biasReluForward");
    op = inPlace ? op.inOut("x", x, rows, width) : op.in("x", x, rows, width).out("y", rows, width);
    if (inPlace && !bias) {
      op.freeAxis("x", 0).freeAxis("x", 1);
    }
    return op.in(bias, "bias", () -> inputs.gaussian(width), width)
        .rows("x", "y")
        .call(
            (backend, t) ->
                backend.biasReluForward(t.get("x"), t.get("bias"), t.get(inPlace ? "x" : "y")))
        .depth(1);
  }

  static OpCase backward(int rows, int width, boolean bias, boolean inPlace, boolean abs) {
    Inputs inputs = new Inputs(31L * rows + width, abs);
    float[] dy = inputs.gaussian(rows * width);
    float[] y = new Inputs(7L * rows + width, false).gaussian(rows * width);
    OpCase op = new OpCase("biasReluBackward");
    op =
        inPlace
            ? op.inOut("dy", dy, rows, width)
            : op.in("dy", dy, rows, width).out("dx", rows, width);
    return op.in("y", y, rows, width)
        .out(bias, "dbias", width)
        .rows("dy", "y", "dx")
        .derived("y")
        .call(
            (backend, t) ->
                backend.biasReluBackward(
                    t.get("dy"), t.get("y"), t.get(inPlace ? "dy" : "dx"), t.get("dbias")))
        .depth(rows, c -> keepingSigns(c));
  }

  /** Absolute gradients behind the same mask. */
  private static OpCase keepingSigns(OpCase c) {
    return c.absolute().with(List.of(c.args.get("y")));
  }

  static OpCase jvp(int rows, int width, boolean bias, boolean inPlace, boolean abs) {
    Inputs inputs = new Inputs(31L * rows + width, abs);
    float[] xDot = inputs.gaussian(rows * width);
    float[] y = new Inputs(7L * rows + width, false).gaussian(rows * width);
    OpCase op = new OpCase("biasReluForwardJvp");
    op =
        inPlace
            ? op.inOut("xDot", xDot, rows, width)
            : op.in("xDot", xDot, rows, width).out("yDot", rows, width);
    return op.in(bias, "biasDot", () -> inputs.gaussian(width), width)
        .in("y", y, rows, width)
        .rows("xDot", "y", "yDot")
        .derived("y")
        .call(
            (backend, t) ->
                backend.biasReluForwardJvp(
                    t.get("xDot"), t.get("biasDot"), t.get("y"), t.get(inPlace ? "xDot" : "yDot")))
        .depth(1, c -> keepingSigns(c));
  }

  private static List<OpCase> all(int rows, int width, boolean absolute) {
    List<OpCase> cases = new ArrayList<>();
    for (boolean bias : new boolean[] {false, true}) {
      for (boolean inPlace : new boolean[] {false, true}) {
        cases.add(forward(rows, width, bias, inPlace, absolute));
        cases.add(backward(rows, width, bias, inPlace, absolute));
        cases.add(jvp(rows, width, bias, inPlace, absolute));
      }
    }
    return cases;
  }

  @Override
  Stream<OpCase> cases() {
    return Stream.of(SHAPES)
        .flatMap(
            s -> Stream.concat(all(s[0], s[1], false).stream(), all(s[0], s[1], true).stream()));
  }

  @Override
  Stream<OpCase> small() {
    return Stream.of(
        forward(3, 4, true, false, false),
        forward(3, 4, false, false, false),
        backward(3, 4, true, false, false),
        backward(3, 4, false, true, false),
        jvp(3, 4, true, false, false),
        jvp(3, 4, false, true, false));
  }

  @Override
  Stream<OpCase> separable() {
    return Stream.of(
        forward(9, 33, true, false, false),
        backward(9, 33, false, false, false),
        jvp(9, 33, true, false, false));
  }
}
