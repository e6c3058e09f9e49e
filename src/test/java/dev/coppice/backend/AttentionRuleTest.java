// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Windows, caps and scales of attention. Bounds: {@link AttentionErrors}. */
class AttentionRuleTest extends OpParityTest {
  private static final AttentionRule WINDOW = new AttentionRule(0.25, 3, 0);
  private static final AttentionRule CAP = new AttentionRule(0.4, AttentionRule.ALL, 1.5);
  private static final List<AttentionRule> RULES =
      List.of(
          WINDOW,
          CAP,
          new AttentionRule(0.125, 32, 2),
          new AttentionRule(-0.3, 1, 0),
          new AttentionRule(0.2, 1000, 50));

  private static final List<AttentionTest.Shape> SHAPES =
      List.of(
          new AttentionTest.Shape(1, 1, 3, 0),
          new AttentionTest.Shape(1, 1, 1, 1),
          new AttentionTest.Shape(2, 2, 32, 2, 0, 7),
          new AttentionTest.Shape(4, 2, 7, 31, 33),
          new AttentionTest.Shape(6, 1, 33, 5, 1, 1, 13),
          new AttentionTest.Shape(8, 2, 16, 63, 65),
          new AttentionTest.Shape(2, 1, 256, 3, 8),
          new AttentionTest.Shape(2, 2, 31, 101));

  private static List<OpCase> all(AttentionTest.Shape shape, boolean absolute) {
    List<OpCase> cases = new ArrayList<>();
    for (AttentionRule rule : RULES) {
      cases.add(AttentionTest.forward(shape, rule, Dropout.NONE, absolute));
      cases.add(AttentionTest.backward(shape, rule, Dropout.NONE, false, absolute));
      cases.add(AttentionTest.backward(shape, rule, Dropout.NONE, true, absolute));
    }
    return cases;
  }

  @Override
  Stream<OpCase> cases() {
    return SHAPES.stream()
        .flatMap(s -> Stream.concat(all(s, false).stream(), all(s, true).stream()));
  }

  @Override
  Stream<OpCase> small() {
    return all(new AttentionTest.Shape(4, 2, 3, 2, 5), false).stream();
  }

  @Override
  Stream<OpCase> separable() {
    return all(new AttentionTest.Shape(4, 2, 33, 5, 1, 0, 34, 2), false).stream();
  }

  /** With q = 0 the keys of the window share the weight; unit vectors as values show them. */
  @Test
  void aQueryMeetsTheLastKeysOnly() {
    AttentionTest.Shape shape = new AttentionTest.Shape(1, 1, 6, 6);
    float[] units = new float[36];
    for (int j = 0; j < 6; j++) {
      units[7 * j] = 1;
    }
    OpCase op = AttentionTest.forward(shape, WINDOW, Dropout.NONE, false);
    op = op.with(List.of(op.args.get("q").with(new float[36]), op.args.get("v").with(units)));
    for (Backends.Candidate candidate : Backends.all()) {
      try (Backend backend = candidate.open()) {
        double[] out = OpRun.outcome(backend, op).floats().get("out");
        for (int i = 0; i < 6; i++) {
          for (int j = 0; j < 6; j++) {
            double expected = j <= i && j > i - 3 ? 1.0 / Math.min(3, i + 1) : 0;
            assertEquals(expected, out[6 * i + j], 1e-6, candidate.label() + " " + i + "," + j);
          }
        }
      }
    }
  }

  /** Products of 1, capped at 0.5, against a product of 0: the weights are those of tanh(2)/2. */
  @Test
  void aCapBoundsTheScores() {
    AttentionTest.Shape shape = new AttentionTest.Shape(1, 1, 1, 2);
    AttentionRule rule = new AttentionRule(1, AttentionRule.ALL, 0.5);
    OpCase op = AttentionTest.forward(shape, rule, Dropout.NONE, false);
    op =
        op.with(
            List.of(
                op.args.get("q").with(new float[] {1, 1}),
                op.args.get("k").with(new float[] {1, 0}),
                op.args.get("v").with(new float[] {1, 0})));
    double odds = Math.exp(0.5 * Math.tanh(2));
    for (Backends.Candidate candidate : Backends.all()) {
      try (Backend backend = candidate.open()) {
        double[] out = OpRun.outcome(backend, op).floats().get("out");
        assertEquals(odds / (1 + odds), out[1], 1e-6, candidate.label());
      }
    }
  }

  @Test
  void refusesDropoutTogetherWithAWindowOrACap() {
    AttentionTest.Shape shape = new AttentionTest.Shape(1, 1, 2, 3);
    for (Backends.Candidate candidate : Backends.all()) {
      for (AttentionRule rule : Arrays.asList(WINDOW, CAP)) {
        OpCase op = AttentionTest.forward(shape, rule, AttentionTest.HALF, false);
        try (Backend backend = candidate.open()) {
          assertThrows(IllegalArgumentException.class, () -> OpRun.outcome(backend, op));
        }
      }
    }
    assertThrows(IllegalArgumentException.class, () -> new AttentionRule(1, 0, 0));
    assertThrows(IllegalArgumentException.class, () -> new AttentionRule(1, 1, Double.NaN));
  }
}
