// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.Map;
import java.util.function.Function;

/** {@link SurrogateOps}, but for attention; the calls are those of the operations' tests. */
final class SurrogateTimings {
  private static final int D = OpSize.WIDTH;
  private static final int DEPTH = 50; // of a ranking
  private static final int MAGNITUDE = 500; // products are exact then, and ties are rare
  private static final Dropout HALF = new Dropout(0.5f, 7, 3, 9);

  private SurrogateTimings() {}

  static void add(Map<String, Function<OpSize, TimedOp>> ops) {
    ops.put(
        "biasReluForward",
        s -> rows("biasReluForward", s, BiasReluTest.forward(n(s), D, true, false, false)));
    ops.put(
        "biasReluBackward",
        s -> rows("biasReluBackward", s, BiasReluTest.backward(n(s), D, true, false, false)));
    ops.put(
        "biasReluForwardJvp",
        s -> rows("biasReluForwardJvp", s, BiasReluTest.jvp(n(s), D, true, false, false)));
    ops.put("residualLayerNormForward", s -> normForward(s, "", Dropout.NONE));
    ops.put("residualLayerNormForward dropout", s -> normForward(s, " dropout", HALF));
    ops.put("residualLayerNormBackward", s -> normBackward(s, "", Dropout.NONE));
    ops.put("residualLayerNormBackward dropout", s -> normBackward(s, " dropout", HALF));
    ops.put(
        "residualLayerNormForwardJvp",
        s ->
            rows(
                "residualLayerNormForwardJvp",
                s,
                ResidualLayerNormTest.forwardJvp(false, n(s), D, false)));
    ops.put(
        "residualLayerNormBackwardJvp",
        s ->
            rows(
                "residualLayerNormBackwardJvp",
                s,
                ResidualLayerNormTest.backwardJvp(false, n(s), D, false)));
    ops.put(
        "sampledBceForward",
        s -> bce("sampledBceForward", s, SampledBceTest.forward(n(s), D, s.items(), true, false)));
    ops.put(
        "sampledBceJvp",
        s -> bce("sampledBceJvp", s, SampledBceTest.jvp(n(s), D, s.items(), false, false)));
    ops.put("adamStep", SurrogateTimings::adam);
    ops.put("itemTopK", SurrogateTimings::topK);
  }

  private static int n(OpSize s) {
    return s.positions();
  }

  private static TimedOp rows(String name, OpSize s, OpCase op) {
    return TimedOp.each(name, op, (double) n(s) * D);
  }

  private static TimedOp normForward(OpSize s, String form, Dropout dropout) {
    ResidualLayerNormTest.Form how = new ResidualLayerNormTest.Form(true, true, false, dropout);
    OpCase op = ResidualLayerNormTest.forward(how, n(s), D, false);
    return rows("residualLayerNormForward" + form, s, op);
  }

  private static TimedOp normBackward(OpSize s, String form, Dropout dropout) {
    ResidualLayerNormTest.Form how = new ResidualLayerNormTest.Form(true, true, false, dropout);
    OpCase op = ResidualLayerNormTest.backward(how, n(s), D, false);
    return rows("residualLayerNormBackward" + form, s, op);
  }

  /** Of the table two rows a position are read. */
  private static TimedOp bce(String name, OpSize s, OpCase op) {
    TimedOp all = rows(name, s, op);
    return all.touching(all.bytes() + OpCosts.twoRowsForTable(n(s), D, s.items()));
  }

  /** All parameters of the model are about those of its item table. */
  private static TimedOp adam(OpSize s) {
    int count = s.items() * D;
    OpCase op = AdamStepTest.adam(count, 1000, SurrogateOps.Adam.DEFAULT, false);
    return TimedOp.each("adamStep", op, count);
  }

  private static TimedOp topK(OpSize s) {
    OpCase op = ItemTopKTest.topK(s.users(), D, s.items(), DEPTH, MAGNITUDE, 5.0 / s.items());
    return TimedOp.of("itemTopK", op, 2.0 * s.users() * s.items() * D);
  }
}
