// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;

/** Attention and its tangents, forward and backward. */
final class AttentionTimings {
  private static final int H = OpSize.HEADS;
  private static final int C = OpSize.HEAD_WIDTH;
  private static final Dropout HALF = AttentionTest.HALF;

  private AttentionTimings() {}

  static void add(Map<String, Function<OpSize, TimedOp>> ops) {
    ops.put("attentionForward", s -> forward(s, "", surrogate(s), Dropout.NONE));
    ops.put("attentionForward dropout", s -> forward(s, " dropout", surrogate(s), HALF));
    ops.put("attentionForward language", s -> forward(s, " language", language(s), Dropout.NONE));
    ops.put("attentionBackward", s -> backward(s, "", surrogate(s), Dropout.NONE, false));
    ops.put("attentionBackward dropout", s -> backward(s, " dropout", surrogate(s), HALF, false));
    ops.put(
        "attentionBackward language",
        s -> backward(s, " language", language(s), Dropout.NONE, true));
    ops.put("attentionForwardJvp", s -> jvp(s, true));
    ops.put("attentionBackwardJvp", s -> jvp(s, false));
  }

  private static AttentionTest.Shape surrogate(OpSize s) {
    return new AttentionTest.Shape(H, H, C, s.lengths());
  }

  /** Heads of 64, two query heads a group. */
  private static AttentionTest.Shape language(OpSize s) {
    int heads = Math.max(2, s.hidden() / 64);
    int[] lengths = new int[s.tokens() / s.context()];
    Arrays.fill(lengths, s.context());
    return new AttentionTest.Shape(heads, heads / 2, s.hidden() / heads, lengths);
  }

  private static double flop(String method, AttentionTest.Shape shape, boolean onlyV) {
    return OpCosts.attention(
        method, shape.lengths(), (double) shape.heads() * shape.width(), onlyV);
  }

  private static TimedOp forward(
      OpSize s, String form, AttentionTest.Shape shape, Dropout dropout) {
    OpCase op = AttentionTest.forward(shape, dropout, false);
    return TimedOp.of("attentionForward" + form, op, flop("attentionForward", shape, false));
  }

  private static TimedOp backward(
      OpSize s, String form, AttentionTest.Shape shape, Dropout dropout, boolean onlyV) {
    OpCase op = AttentionTest.backward(shape, dropout, onlyV, false);
    return TimedOp.of("attentionBackward" + form, op, flop("attentionBackward", shape, onlyV));
  }

  private static TimedOp jvp(OpSize s, boolean forward) {
    AttentionTest.Shape shape = surrogate(s);
    String name = forward ? "attentionForwardJvp" : "attentionBackwardJvp";
    OpCase op =
        forward ? AttentionJvpTest.forward(shape, false) : AttentionJvpTest.backward(shape, false);
    return TimedOp.of(name, op, flop(name, shape, false));
  }
}
