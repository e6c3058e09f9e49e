// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import dev.coppice.backend.InfluenceOps.DenseTailState;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Bounds: {@link DenseTailErrors}. The product sums over positions, so it has no parts. */
class DenseTailTest extends OpParityTest {
  private static final int[][] SHAPES = {
    {0, 3, 2},
    {1, 1, 1},
    {2, 7, 5},
    {5, 16, 9},
    {13, 33, 20},
    {63, 31, 13},
    {600, 8, 30},
    {300, 64, 9},
    // rows of which fewer fit into a block's shared memory, and rows that do not fit
    {40, 81, 9},
    {9, 162, 5},
    {3, 322, 5}
  };

  /** Positions, width, steps, samples a step, most positions of a sample. */
  private static final int[][] LISSA_SHAPES = {
    {0, 3, 2, 1, 0},
    {5, 3, 0, 1, 3},
    {1, 1, 3, 1, 1},
    {9, 7, 5, 1, 4},
    {20, 16, 4, 3, 9},
    {40, 33, 3, 2, 20},
    {90, 64, 3, 1, 50}, // more than a tile of 32
    {300, 8, 2, 2, 299}, // more than a block of the CPU
    {20, 81, 2, 1, 20}, // fewer rows in a block's shared memory
    {9, 162, 2, 1, 9},
    {3, 322, 2, 1, 3} // none
  };

  private static final int[][] CURVATURE_SHAPES = {
    {0, 3, 2},
    {1, 1, 1},
    {2, 7, 5},
    {5, 16, 9},
    {4, 33, 20},
    {700, 3, 13},
    {3, 64, 9},
    {9, 81, 5},
    {2, 162, 5}
  };

  private static OpCase state(OpCase op, Inputs inputs, int rows, int width, int items) {
    int all = rows * width;
    double small = 1 / Math.sqrt(width);
    return op.in("middleXhat", inputs.gaussian(all), rows, width)
        .in("middleRstd", magnitudes(inputs.gaussian(rows)), rows)
        .in("middleGamma", inputs.gaussian(width), width)
        .in("first", inputs.gaussian(all), rows, width)
        .in("firstWeight", inputs.gaussian(width * width, small), width, width)
        .in("second", inputs.gaussian(all), rows, width)
        .in("secondWeight", inputs.gaussian(width * width, small), width, width)
        .in("hidden", inputs.gaussian(all), rows, width)
        .in("outXhat", inputs.gaussian(all), rows, width)
        .in("outRstd", magnitudes(inputs.gaussian(rows)), rows)
        .in("outGamma", inputs.gaussian(width), width)
        .in("table", inputs.gaussian(items * width, small), items, width)
        .in("positives", inputs.ids(rows, items), rows)
        .in("negatives", inputs.ids(rows, items), rows)
        .in("w", inputs.gaussian(rows), rows)
        .in("dhidden", inputs.gaussian(all), rows, width)
        .in("dmiddle", inputs.gaussian(all), rows, width)
        .rows("middleXhat", "middleRstd", "first", "second", "hidden", "outXhat", "outRstd")
        .rows("positives", "negatives", "w", "dhidden", "dmiddle")
        .derived("first", "second") // only their signs count
        .free("table");
  }

  private static float[] magnitudes(float[] values) {
    for (int i = 0; i < values.length; i++) {
      values[i] = 0.5f + Math.abs(values[i]);
    }
    return values;
  }

  private static DenseTailState state(Map<String, Tensor> t) {
    return new DenseTailState(
        t.get("middleXhat"),
        t.get("middleRstd"),
        t.get("middleGamma"),
        t.get("first"),
        t.get("firstWeight"),
        t.get("second"),
        t.get("secondWeight"),
        t.get("hidden"),
        t.get("outXhat"),
        t.get("outRstd"),
        t.get("outGamma"),
        t.get("table"),
        t.get("positives"),
        t.get("negatives"),
        t.get("w"),
        t.get("dhidden"),
        t.get("dmiddle"));
  }

  private static OpCase held(OpCase op, boolean gaussNewton) {
    return gaussNewton ? op.derived("dhidden", "dmiddle") : op; // not read
  }

  static OpCase hvp(int rows, int width, int items, boolean gaussNewton) {
    Inputs inputs = new Inputs(31L * rows + 7L * width + items, false);
    OpCase op =
        state(new OpCase("denseTailHvp" + gaussNewton), inputs, rows, width, items)
            .in("x", inputs.gaussian(rows * width), rows, width)
            .in("direction", inputs.gaussian(width * width, 1 / Math.sqrt(width)), width, width)
            .out("out", width, width)
            .rows("x")
            .call(
                (backend, t) ->
                    backend.denseTailHvp(
                        state(t), gaussNewton, t.get("x"), t.get("direction"), t.get("out")))
            .rounded(c -> new DenseTailErrors(c, gaussNewton).hvp());
    return held(op, gaussNewton);
  }

  static OpCase curvature(int rows, int width, int items, boolean gaussNewton) {
    Inputs inputs = new Inputs(31L * rows + 7L * width + items, false);
    OpCase op =
        state(new OpCase("denseTailCurvature" + gaussNewton), inputs, rows, width, items)
            .out("out", rows, width * (width + 1) / 2)
            .rows("out")
            .call((backend, t) -> backend.denseTailCurvature(state(t), gaussNewton, t.get("out")))
            .rounded(c -> new DenseTailErrors(c, gaussNewton).curvature());
    return held(op, gaussNewton);
  }

  /**
   * A recursion over samples of {@code longest} positions at most; {@code batch} of them a step.
   */
  static OpCase lissa(int rows, int width, int steps, int batch, int longest, boolean gaussNewton) {
    Inputs inputs = new Inputs(31L * rows + 7L * width + steps, false);
    int[] ranges = new int[2 * steps * batch];
    int[] length = inputs.ids(steps * batch, longest + 1);
    for (int j = 0; j < length.length; j++) {
      length[j] = Math.min(length[j], rows);
      ranges[2 * j] = inputs.ids(1, rows - length[j] + 1)[0];
      ranges[2 * j + 1] = ranges[2 * j] + length[j];
    }
    double small = 1 / Math.sqrt(width);
    OpCase op =
        state(new OpCase("denseTailLissa" + gaussNewton), inputs, rows, width, 9)
            .in("x", inputs.gaussian(rows * width), rows, width)
            .in("ranges", ranges, steps, batch, 2)
            .in("g", inputs.gaussian(width * width, small), width, width)
            .inOut("h", inputs.gaussian(width * width, small), width, width)
            .out("norms", steps)
            .freeAxis("ranges", 1)
            .call(
                (backend, t) ->
                    backend.denseTailLissa(
                        state(t),
                        gaussNewton,
                        t.get("x"),
                        t.get("ranges"),
                        0.05f,
                        0.01f,
                        t.get("g"),
                        t.get("h"),
                        t.get("norms")))
            .rounded(c -> new DenseTailErrors(c, gaussNewton).lissa(0.05f, 0.01f));
    return held(op, gaussNewton);
  }

  private static List<OpCase> both(int rows, int width, int items) {
    return List.of(
        hvp(rows, width, items, false),
        hvp(rows, width, items, true),
        curvature(rows, width, items, false),
        curvature(rows, width, items, true));
  }

  @Override
  Stream<OpCase> cases() {
    List<OpCase> cases = new ArrayList<>();
    for (int[] s : SHAPES) {
      cases.add(hvp(s[0], s[1], s[2], false));
      cases.add(hvp(s[0], s[1], s[2], true));
    }
    for (int[] s : CURVATURE_SHAPES) {
      cases.add(curvature(s[0], s[1], s[2], false));
      cases.add(curvature(s[0], s[1], s[2], true));
    }
    for (int[] s : LISSA_SHAPES) {
      cases.add(lissa(s[0], s[1], s[2], s[3], s[4], false));
      cases.add(lissa(s[0], s[1], s[2], s[3], s[4], true));
    }
    return cases.stream();
  }

  @Override
  Stream<OpCase> small() {
    return Stream.concat(
        both(4, 3, 5).stream(), Stream.of(lissa(4, 3, 2, 2, 4, false), lissa(4, 3, 2, 2, 4, true)));
  }

  @Override
  Stream<OpCase> separable() {
    return Stream.of(curvature(9, 33, 7, false), curvature(9, 33, 7, true));
  }
}
