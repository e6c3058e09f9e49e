// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.Map;
import java.util.function.Function;

/** {@link InfluenceOps}, and what derivatives in all parameters need. */
final class InfluenceTimings {
  private static final int D = OpSize.WIDTH;
  private static final int POINTWISE = 8; // D x D products of a position in a curvature product

  private InfluenceTimings() {}

  static void add(Map<String, Function<OpSize, TimedOp>> ops) {
    ops.put("sampledBceBackward", InfluenceTimings::bceBackward);
    ops.put(
        "linearGradSquares",
        s -> {
          OpCase op = SegmentTest.squares(D, D, false, s.lengths());
          return TimedOp.of(
              "linearGradSquares", op, OpCosts.squares(D * D, s.positions(), s.samples()));
        });
    ops.put(
        "rowSquare",
        s -> {
          OpCase op = RowSquareTest.square(s.positions(), D);
          return TimedOp.each("rowSquare", op, s.positions() * InfluenceOps.triangle(D));
        });
    ops.put("denseTailHvp", s -> hvp("denseTailHvp", s, false));
    ops.put("denseTailHvp gauss-newton", s -> hvp("denseTailHvp gauss-newton", s, true));
    ops.put("denseTailCurvature", InfluenceTimings::curvature);
    ops.put("denseTailLissa", InfluenceTimings::lissa);
  }

  /** Of the table two rows a position are read. */
  private static TimedOp bceBackward(OpSize s) {
    int n = s.positions();
    OpCase op = SampledBceTest.backward(n, D, s.items(), false);
    TimedOp all = TimedOp.each("sampledBceBackward", op, (double) n * D);
    return all.touching(all.bytes() + OpCosts.twoRowsForTable(n, D, s.items()));
  }

  /** There and back through two pointwise layers, and with x on either side: products alone. */
  private static TimedOp hvp(String name, OpSize s, boolean gaussNewton) {
    OpCase op = DenseTailTest.hvp(s.positions(), D, s.items(), gaussNewton);
    return TimedOp.of(name, op, 1.5 * POINTWISE * s.positions() * D * D);
  }

  /** At most a chunk of the dense matrix; D tangents a position. */
  private static TimedOp curvature(OpSize s) {
    int count = Math.min(512, s.positions());
    OpCase op = DenseTailTest.curvature(count, D, s.items(), false);
    return TimedOp.of("denseTailCurvature", op, (double) POINTWISE * count * D * D * D);
  }

  /** A step for each sample, one after the other, of 5 positions in the mean. */
  private static TimedOp lissa(OpSize s) {
    int steps = Math.min(500, s.samples());
    OpCase op = DenseTailTest.lissa(s.positions(), D, steps, 1, 10, false);
    return TimedOp.of("denseTailLissa", op, 1.5 * POINTWISE * 5 * steps * D * D);
  }
}
