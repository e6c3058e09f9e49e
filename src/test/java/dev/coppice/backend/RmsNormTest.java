// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Bounds: running error analysis of the formulas below. */
class RmsNormTest extends OpParityTest {
  private static final float EPS = 1e-6f;
  private static final int[][] SHAPES = {
    {0, 3}, {1, 1}, {2, 7}, {7, 31}, {31, 33}, {32, 64}, {63, 65}, {257, 32}, {3, 997}, {300, 256}
  };

  static OpCase forward(int rows, int width, boolean absolute) {
    Inputs inputs = new Inputs(31L * rows + width, absolute);
    return new OpCase("rmsNormForward")
        .in("x", inputs.gaussian(rows * width), rows, width)
        .in("weight", inputs.gaussian(width), width)
        .out("y", rows, width)
        .out("rstd", rows)
        .rows("x", "y", "rstd")
        .call(
            (backend, t) ->
                backend.rmsNormForward(t.get("x"), t.get("weight"), EPS, t.get("y"), t.get("rstd")))
        .rounded(RmsNormTest::forwardErrors);
  }

  static OpCase backward(int rows, int width, boolean accumulate, boolean absolute) {
    Inputs inputs = new Inputs(31L * rows + width, absolute);
    OpCase op =
        new OpCase("rmsNormBackward")
            .in("dy", inputs.gaussian(rows * width), rows, width)
            .in("x", inputs.gaussian(rows * width), rows, width)
            .in("rstd", new Inputs(rows, true).gaussian(rows), rows)
            .in("weight", inputs.gaussian(width), width);
    op =
        accumulate
            ? op.inOut("dx", inputs.gaussian(rows * width), rows, width)
            : op.out("dx", rows, width);
    return op.rows("dy", "x", "rstd", "dx")
        .call(
            (backend, t) ->
                backend.rmsNormBackward(
                    t.get("dy"),
                    t.get("x"),
                    t.get("rstd"),
                    t.get("weight"),
                    accumulate,
                    t.get("dx")))
        .rounded(RmsNormTest::backwardErrors);
  }

  private static Map<String, Rounded[]> forwardErrors(OpCase c) {
    int width = c.dim("x", 1);
    Rounded[] x = c.exact("x");
    Rounded[] rstd = new Rounded[c.dim("x", 0)];
    Rounded[] y = new Rounded[x.length];
    for (int t = 0; t < rstd.length; t++) {
      Rounded square = Rounded.dot(x, t * width, x, t * width, width);
      rstd[t] = square.over(Rounded.exact(width)).plus(Rounded.exact(EPS)).reciprocalRoot();
      for (int i = t * width; i < (t + 1) * width; i++) {
        y[i] = x[i].times(rstd[t]).times(c.exact("weight")[i % width]);
      }
    }
    return Map.of("y", y, "rstd", rstd);
  }

  private static Map<String, Rounded[]> backwardErrors(OpCase c) {
    int width = c.dim("x", 1);
    Rounded[] x = c.exact("x");
    Rounded[] before = c.exact("dx");
    Rounded[] dx = new Rounded[x.length];
    for (int t = 0; t < c.dim("x", 0); t++) {
      Rounded[] u = new Rounded[width];
      for (int d = 0; d < width; d++) {
        u[d] = c.exact("dy")[t * width + d].times(c.exact("weight")[d]);
      }
      Rounded rstd = c.exact("rstd")[t];
      Rounded slope =
          Rounded.dot(u, 0, x, t * width, width).over(Rounded.exact(width)).times(rstd).times(rstd);
      for (int d = 0; d < width; d++) {
        int i = t * width + d;
        dx[i] = u[d].minus(x[i].times(slope)).times(rstd);
        dx[i] = before == null ? dx[i] : dx[i].plus(before[i]);
      }
    }
    return Map.of("dx", dx);
  }

  private static List<OpCase> all(int rows, int width, boolean absolute) {
    return List.of(
        forward(rows, width, absolute),
        backward(rows, width, false, absolute),
        backward(rows, width, true, absolute));
  }

  @Override
  Stream<OpCase> cases() {
    return Stream.of(SHAPES)
        .flatMap(
            s -> Stream.concat(all(s[0], s[1], false).stream(), all(s[0], s[1], true).stream()));
  }

  @Override
  Stream<OpCase> small() {
    return all(3, 4, false).stream();
  }

  @Override
  Stream<OpCase> separable() {
    return all(7, 65, false).stream();
  }
}
