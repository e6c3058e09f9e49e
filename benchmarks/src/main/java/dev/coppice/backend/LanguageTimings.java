// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.Map;
import java.util.function.Function;

/** {@link LanguageOps}, but for attention; the calls are those of the operations' tests. */
final class LanguageTimings {
  private static final int HEAD_ROWS = 512; // positions of a chunk of the head

  private LanguageTimings() {}

  static void add(Map<String, Function<OpSize, TimedOp>> ops) {
    ops.put(
        "rmsNormForward",
        s -> of("rmsNormForward", s, RmsNormTest.forward(s.tokens(), s.hidden(), false)));
    ops.put(
        "rmsNormBackward",
        s -> of("rmsNormBackward", s, RmsNormTest.backward(s.tokens(), s.hidden(), true, false)));
    ops.put("ropeForward", LanguageTimings::rope);
    ops.put(
        "swigluForward",
        s ->
            of("swigluForward", s, SwigluTest.UNIT.forward(s.tokens() * s.hidden(), false, false)));
    ops.put(
        "swigluBackward",
        s ->
            of(
                "swigluBackward",
                s,
                SwigluTest.UNIT.backward(s.tokens() * s.hidden(), false, false)));
    ops.put(
        "gegluForward",
        s -> of("gegluForward", s, GegluTest.UNIT.forward(s.tokens() * s.hidden(), false, false)));
    ops.put(
        "gegluBackward",
        s ->
            of("gegluBackward", s, GegluTest.UNIT.backward(s.tokens() * s.hidden(), false, false)));
    ops.put("crossEntropy", LanguageTimings::crossEntropy);
  }

  private static TimedOp of(String name, OpSize s, OpCase op) {
    return TimedOp.each(name, op, (double) s.tokens() * s.hidden());
  }

  private static TimedOp rope(OpSize s) {
    int heads = Math.max(1, s.hidden() / 64);
    int half = s.hidden() / heads / 2;
    return of("ropeForward", s, RopeForwardTest.rope(s.tokens(), heads, half, false, false));
  }

  private static TimedOp crossEntropy(OpSize s) {
    int rows = Math.min(HEAD_ROWS, s.tokens());
    OpCase op = CrossEntropyTest.crossEntropy(rows, s.vocabulary(), false);
    return TimedOp.each("crossEntropy", op, (double) rows * s.vocabulary());
  }
}
