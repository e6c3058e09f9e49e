// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Bounds: running error analysis of the formulas below. */
class CrossEntropyTest extends OpParityTest {

  static OpCase crossEntropy(int rows, int classes, boolean absolute) {
    return crossEntropy(rows, classes, 0, absolute);
  }

  static OpCase crossEntropy(int rows, int classes, double cap, boolean absolute) {
    Inputs inputs = new Inputs(31L * rows + classes, absolute);
    int[] targets = inputs.ids(rows, classes);
    for (int t = 2; t < rows; t += 3) {
      targets[t] = t % 2 == 0 ? -100 : -1;
    }
    return new OpCase("crossEntropy " + cap)
        .in("targets", targets, rows)
        .in("w", inputs.gaussian(rows), rows)
        .inOut("logits", inputs.gaussian(rows * classes, 4), rows, classes)
        .out("loss", rows)
        .rows("targets", "w", "logits", "loss")
        .freeAxis("logits", 1)
        .call(
            (backend, t) ->
                backend.crossEntropy(
                    cap, t.get("targets"), t.get("w"), t.get("logits"), t.get("loss")))
        .rounded(c -> errors(c, cap));
  }

  private static Map<String, Rounded[]> errors(OpCase c, double cap) {
    int rows = c.dim("logits", 0);
    int classes = c.dim("logits", 1);
    Rounded[] given = c.exact("logits");
    Rounded[] logits = given.clone();
    for (int i = 0; cap > 0 && i < given.length; i++) {
      logits[i] = given[i].times(1 / cap).tanh().times(cap);
    }
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
        if (cap > 0) {
          Rounded bounded = logits[t * classes + v].times(1 / cap);
          Rounded slope = Rounded.exact(1).minus(bounded.times(bounded));
          gradient[t * classes + v] = gradient[t * classes + v].times(slope);
        }
      }
    }
    return Map.of("logits", gradient, "loss", loss);
  }

  /** Logits whose exponentials overflow. */
  private static OpCase extreme(double cap) {
    OpCase op = crossEntropy(2, 3, cap, false);
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
                s ->
                    Stream.of(
                        crossEntropy(s[0], s[1], false),
                        crossEntropy(s[0], s[1], true),
                        crossEntropy(s[0], s[1], 3, false),
                        crossEntropy(s[0], s[1], 30, true)));
    return Stream.concat(sizes, Stream.of(extreme(0), extreme(30)));
  }

  @Override
  Stream<OpCase> small() {
    return Stream.of(crossEntropy(4, 5, false), crossEntropy(4, 5, 2, false));
  }

  @Override
  Stream<OpCase> separable() {
    return Stream.of(
        crossEntropy(7, 65, false),
        crossEntropy(7, 1001, false),
        crossEntropy(7, 1001, 2.5, false));
  }
}
