// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Bounds: the gather is exact, and one sum when it accumulates; the scatter adds up to n products
 * to what a row holds: n products and n sums, n + 1.
 */
class EmbeddingTest extends OpParityTest {
  static OpCase forward(DType type, int rows, int width, int items, boolean add) {
    Inputs inputs = new Inputs(31L * rows + 7L * width + items, false);
    OpCase op = new OpCase("embeddingForward " + add).in("ids", inputs.ids(rows, items), rows);
    op =
        type == DType.F32
            ? op.in("table", inputs.gaussian(items * width), items, width)
            : op.half("table", type, inputs.halves(type, items * width), items, width);
    op =
        add
            ? op.inOut("out", inputs.gaussian(rows * width), rows, width).depth(1)
            : op.out("out", rows, width);
    return op.rows("ids", "out")
        .free("table")
        .call(
            (backend, t) ->
                backend.embeddingForward(t.get("ids"), t.get("table"), add, t.get("out")));
  }

  /** Positions grouped by the item they hold, ascending, as a batch lists them. */
  static OpCase backward(int count, int width, int items, boolean coef, boolean absolute) {
    Inputs inputs = new Inputs(31L * count + 7L * width + items, absolute);
    int[] held = inputs.ids(count, items);
    TreeMap<Integer, List<Integer>> positions = new TreeMap<>();
    for (int t = 0; t < count; t++) {
      positions.computeIfAbsent(held[t], item -> new ArrayList<>()).add(t);
    }
    int[] rows = positions.keySet().stream().mapToInt(Integer::intValue).toArray();
    int[] lengths = positions.values().stream().mapToInt(List::size).toArray();
    int[] order =
        positions.values().stream().flatMap(List::stream).mapToInt(Integer::intValue).toArray();
    int longest = 0;
    for (int length : lengths) {
      longest = Math.max(longest, length);
    }
    return new OpCase("embeddingBackward")
        .in("rows", rows, rows.length)
        .in("segments", Inputs.offsets(lengths), rows.length + 1)
        .in("order", order, order.length)
        .in(coef, "coef", () -> inputs.gaussian(count), count)
        .in("src", inputs.gaussian(count * width), count, width)
        .inOut("dtable", inputs.gaussian(items * width), items, width)
        .free("order", "dtable")
        .free(coef ? "order" : "src")
        .call(
            (backend, t) ->
                backend.embeddingBackward(
                    t.get("rows"),
                    t.get("segments"),
                    t.get("order"),
                    t.get("coef"),
                    t.get("src"),
                    t.get("dtable")))
        .depth(longest + 1);
  }

  @Override
  Stream<OpCase> cases() {
    int[][] shapes = {
      {0, 3, 2},
      {1, 1, 1},
      {2, 7, 5},
      {31, 33, 7},
      {64, 64, 65},
      {257, 31, 13},
      {63, 255, 300},
      {997, 65, 3},
      {1500, 64, 900}
    };
    return Stream.of(shapes)
        .flatMap(
            s ->
                Stream.of(
                    forward(DType.F32, s[0], s[1], s[2], false),
                    forward(DType.F32, s[0], s[1], s[2], true),
                    forward(DType.BF16, s[0], s[1], s[2], false),
                    forward(DType.F16, s[0], s[1], s[2], true),
                    backward(s[0], s[1], s[2], true, false),
                    backward(s[0], s[1], s[2], true, true),
                    backward(s[0], s[1], s[2], false, false),
                    backward(s[0], s[1], s[2], false, true)));
  }

  @Override
  Stream<OpCase> small() {
    return Stream.of(
        forward(DType.F32, 4, 3, 2, false),
        forward(DType.BF16, 4, 3, 2, true),
        backward(6, 3, 3, true, false),
        backward(6, 3, 3, false, false));
  }

  @Override
  Stream<OpCase> separable() {
    return Stream.of(forward(DType.F32, 7, 33, 5, true), forward(DType.BF16, 7, 33, 5, false));
  }
}
