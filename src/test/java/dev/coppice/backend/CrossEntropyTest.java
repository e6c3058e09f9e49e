// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Bounds: running error analysis of the formulas below. */
class CrossEntropyTest extends OpParityTest {

  static OpCase crossEntropy(int rows, int classes, boolean absolute) {
    Inputs inputs = new Inputs(31L * rows + classes, absolute);
    int[] targets = inputs.ids(rows, classes);
    for (int t = 2; t < rows; t += 3) {
      targets[t] = t % 2 == 0 ? -100 : -1;
    }
    return new OpCase("crossEntropy")
        .in("targets", targets, rows)
        .in("w", inputs.gaussian(rows), rows)
        .inOut("logits", inputs.gaussian(rows * classes, 4), rows, classes)
        .out("loss", rows)
        .rows("targets", "w", "logits", "loss")
        .freeAxis("logits", 1)
        .call(
            (backend, t) ->
                backend.crossEntropy(t.get("targets"), t.get("w"), t.get("logits"), t.get("loss")))
        .rounded(CrossEntropyTest::errors);
  }

  private static Map<String, Rounded[]> errors(OpCase c) {
    int rows = c.dim("logits", 0);
    int classes = c.dim("logits", 1);
    Rounded[] logits = c.exact("logits");
    Rounded[] gradient = Rounded.zeros(logits.length);
    Rounded[] loss = Rounded.zeros(rows);
    for (int t = 0; t < rows; t++) {
      int target = c.ints("targets")[t];
      if (target < 0) {
        continue;
      }
      double largest = Double.NEGATIVE_INFINITY;
      for (int v = 0; v < classes; v++) {
        largest = Math.max(largest, logits[t * classes + v].value());
      }
      Rounded max = Rounded.exact(largest);
      Rounded.Sum sum = new Rounded.Sum();
      for (int v = 0; v < classes; v++) {
        sum.add(logits[t * classes + v].minus(max).exp());
      }
      Rounded lse = sum.total().log().plus(max);
      loss[t] = lse.minus(logits[t * classes + target]);
      for (int v = 0; v < classes; v++) {
        Rounded share = logits[t * classes + v].minus(lse).exp();
        share = v == target ? share.minus(Rounded.exact(1)) : share;
        gradient[t * classes + v] = share.times(c.exact("w")[t]);
      }
    }
    return Map.of("logits", gradient, "loss", loss);
  }

  /** Logits whose exponentials overflow. */
  private static OpCase extreme() {
    OpCase op = crossEntropy(2, 3, false);
    float[] logits = {900, 880, -900, -300, -310, -305};
    return op.with(List.of(op.args.get("logits").with(logits)));
  }

  @Override
  Stream<OpCase> cases() {
    int[][] shapes = {
      {0, 3}, {1, 1}, {2, 7}, {7, 31}, {31, 33}, {5, 64}, {63, 65}, {64, 255}, {257, 32}, {3, 7919}
    };
    Stream<OpCase> sizes =
        Stream.of(shapes)
            .flatMap(
                s -> Stream.of(crossEntropy(s[0], s[1], false), crossEntropy(s[0], s[1], true)));
    return Stream.concat(sizes, Stream.of(extreme()));
  }

  @Override
  Stream<OpCase> small() {
    return Stream.of(crossEntropy(4, 5, false));
  }

  @Override
  Stream<OpCase> separable() {
    return Stream.of(crossEntropy(7, 65, false), crossEntropy(7, 1001, false));
  }
}
