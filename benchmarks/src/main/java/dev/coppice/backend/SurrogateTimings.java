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
        s -> rows("biasReluForward", s, 2, BiasReluTest.forward(n(s), D, true, false, false)));
    ops.put(
        "biasReluBackward",
        s -> rows("biasReluBackward", s, 2, BiasReluTest.backward(n(s), D, true, false, false)));
    ops.put(
        "biasReluForwardJvp",
        s -> rows("biasReluForwardJvp", s, 2, BiasReluTest.jvp(n(s), D, true, false, false)));
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
                8,
                ResidualLayerNormTest.forwardJvp(false, n(s), D, false)));
    ops.put(
        "residualLayerNormBackwardJvp",
        s ->
            rows(
                "residualLayerNormBackwardJvp",
                s,
                20,
                ResidualLayerNormTest.backwardJvp(false, n(s), D, false)));
    ops.put(
        "sampledBceForward",
        s ->
            bce(
                "sampledBceForward",
                s,
                8,
                SampledBceTest.forward(n(s), D, s.items(), true, false)));
    ops.put(
        "sampledBceJvp",
        s -> bce("sampledBceJvp", s, 12, SampledBceTest.jvp(n(s), D, s.items(), false, false)));
    ops.put("adamStep", SurrogateTimings::adam);
    ops.put("itemTopK", SurrogateTimings::topK);
  }

  private static int n(OpSize s) {
    return s.positions();
  }

  private static TimedOp rows(String name, OpSize s, double flopPerElement, OpCase op) {
    return TimedOp.of(name, op, flopPerElement * n(s) * D);
  }

  private static TimedOp normForward(OpSize s, String form, Dropout dropout) {
    ResidualLayerNormTest.Form how = new ResidualLayerNormTest.Form(true, true, false, dropout);
    OpCase op = ResidualLayerNormTest.forward(how, n(s), D, false);
    return rows("residualLayerNormForward" + form, s, 9, op);
  }

  private static TimedOp normBackward(OpSize s, String form, Dropout dropout) {
    ResidualLayerNormTest.Form how = new ResidualLayerNormTest.Form(true, true, false, dropout);
    OpCase op = ResidualLayerNormTest.backward(how, n(s), D, false);
    return rows("residualLayerNormBackward" + form, s, 13, op);
  }

  /** Of the table two rows a position are read. */
  private static TimedOp bce(String name, OpSize s, double flopPerElement, OpCase op) {
    TimedOp all = rows(name, s, flopPerElement, op);
    double table = 4.0 * s.items() * D;
    return all.touching(all.bytes() - table + 8.0 * n(s) * D);
  }

  /** All parameters of the model are about those of its item table. */
  private static TimedOp adam(OpSize s) {
    int count = s.items() * D;
    OpCase op = AdamStepTest.adam(count, 1000, SurrogateOps.Adam.DEFAULT, false);
    return TimedOp.of("adamStep", op, 12.0 * count);
  }

  private static TimedOp topK(OpSize s) {
    OpCase op = ItemTopKTest.topK(s.users(), D, s.items(), DEPTH, MAGNITUDE, 5.0 / s.items());
    return TimedOp.of("itemTopK", op, 2.0 * s.users() * s.items() * D);
  }
}
