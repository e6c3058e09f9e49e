// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Bound: one product and one sum. */
class AxpyTest extends OpParityTest {
  static OpCase axpy(int n, boolean absolute) {
    Inputs inputs = new Inputs(n, absolute);
    return new OpCase("axpy")
        .in("x", inputs.gaussian(n), n)
        .inOut("y", inputs.gaussian(n), n)
        .rows("x", "y")
        .anyRank()
        .call((backend, t) -> backend.axpy(absolute ? 0.7f : -0.7f, t.get("x"), t.get("y")))
        .depth(2, c -> axpyOfMagnitudes(c));
  }

  private static OpCase axpyOfMagnitudes(OpCase c) {
    OpCase positive = c.absolute();
    positive.call = (backend, t) -> backend.axpy(0.7f, t.get("x"), t.get("y"));
    return positive;
  }

  @Override
  Stream<OpCase> cases() {
    return IntStream.of(0, 1, 2, 7, 31, 32, 33, 63, 64, 65, 255, 256, 257, 7919, 200_003)
        .boxed()
        .flatMap(n -> Stream.of(axpy(n, false), axpy(n, true)));
  }

  @Override
  Stream<OpCase> small() {
    return Stream.of(axpy(5, false));
  }

  /** Whether an element is in a vector register or in the tail must not show. */
  @Override
  Stream<OpCase> separable() {
    return Stream.of(axpy(77, false));
  }

  @Test
  void addsTheMultiple() {
    OpCase op = axpy(3, false);
    op =
        op.with(
            List.of(
                op.args.get("x").with(new float[] {1, 0, -4}),
                op.args.get("y").with(new float[] {10, 20, 30})));
    op.call((backend, t) -> backend.axpy(-0.5f, t.get("x"), t.get("y")));
    for (Backends.Candidate candidate : Backends.all()) {
      try (Backend backend = candidate.open()) {
        double[] y = OpRun.outcome(backend, op).floats().get("y");
        assertArrayEquals(new double[] {9.5, 20, 32}, y, candidate.label());
      }
    }
  }
}
