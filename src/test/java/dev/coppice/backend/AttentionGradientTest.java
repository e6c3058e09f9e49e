// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static dev.coppice.backend.Differences.TOLERANCE;
import static dev.coppice.backend.Differences.gaussian;
import static dev.coppice.backend.Differences.read;

import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The reference's attention against central differences. */
class AttentionGradientTest {
  private static final int[] LENGTHS = {3, 0, 1, 4};
  private static final int ROWS = 8;
  private static final int[] QUERY = {ROWS, 4, 3};
  private static final int[] KEY = {ROWS, 2, 3};
  private static final int SIZE = ROWS * (4 + 2 + 2) * 3;
  private static final float SCALE = 0.7f;

  private final Differences work = new Differences();
  private final Tensor offsets = work.ids(Inputs.offsets(LENGTHS));
  private final Tensor triangles = work.ids(Inputs.triangles(LENGTHS));

  @AfterEach
  void close() {
    work.close();
  }

  /** q, k, v end to end, to out and lse end to end. */
  private double[] forward(double[] qkv, Dropout dropout) {
    return forward(qkv, AttentionRule.scaled(SCALE), dropout);
  }

  private double[] forward(double[] qkv, AttentionRule rule, Dropout dropout) {
    Tensor[] t = work.split(qkv, QUERY, KEY, KEY);
    Tensor out = work.empty(QUERY);
    Tensor lse = work.empty(ROWS, 4);
    work.backend.attentionForward(offsets, t[0], t[1], t[2], rule, dropout, triangles, out, lse);
    return read(out, lse);
  }

  /** q, k, v and dout end to end, to dq, dk, dv. */
  private double[] backward(double[] inputs, Dropout dropout, boolean onlyV) {
    return backward(inputs, AttentionRule.scaled(SCALE), dropout, onlyV);
  }

  private double[] backward(double[] inputs, AttentionRule rule, Dropout dropout, boolean onlyV) {
    Tensor[] t = work.split(inputs, QUERY, KEY, KEY, QUERY);
    Tensor out = work.empty(QUERY);
    Tensor lse = work.empty(ROWS, 4);
    work.backend.attentionForward(offsets, t[0], t[1], t[2], rule, dropout, triangles, out, lse);
    Tensor dq = work.empty(QUERY);
    Tensor dk = work.empty(KEY);
    Tensor dv = work.empty(KEY);
    work.backend.attentionBackward(
        offsets,
        t[0],
        t[1],
        t[2],
        out,
        lse,
        t[3],
        rule,
        dropout,
        triangles,
        onlyV ? null : dq,
        onlyV ? null : dk,
        dv);
    return onlyV ? dv.doubles() : read(dq, dk, dv);
  }

  @ParameterizedTest
  @ValueSource(floats = {0, 0.4f})
  void backwardIsTheGradient(float rate) {
    Dropout dropout = new Dropout(rate, 5, 6, 7);
    double[] qkv = gaussian(1, SIZE);
    double[] dout = gaussian(2, ROWS * 12);
    double[] c = Differences.concat(dout, new double[ROWS * 4]);
    double[] expected = Differences.gradient(x -> forward(x, dropout), qkv, c);
    double[] inputs = Differences.concat(qkv, dout);
    Tolerance.assertClose("dqkv", expected, backward(inputs, dropout, false), TOLERANCE);
    double[] dv = Arrays.copyOfRange(expected, SIZE - ROWS * 6, SIZE);
    Tolerance.assertClose("dv alone", dv, backward(inputs, dropout, true), TOLERANCE);
  }

  @ParameterizedTest
  @CsvSource({"2,0", "1,0.5", "3,1.1", "9,2"})
  void backwardThroughWindowAndCapIsTheGradient(int window, double cap) {
    AttentionRule rule = new AttentionRule(-SCALE, window, cap);
    double[] qkv = gaussian(7, SIZE);
    double[] dout = gaussian(8, ROWS * 12);
    double[] c = Differences.concat(dout, new double[ROWS * 4]);
    double[] expected = Differences.gradient(x -> forward(x, rule, Dropout.NONE), qkv, c);
    double[] inputs = Differences.concat(qkv, dout);
    Tolerance.assertClose("dqkv", expected, backward(inputs, rule, Dropout.NONE, false), TOLERANCE);
    double[] dv = Arrays.copyOfRange(expected, SIZE - ROWS * 6, SIZE);
    Tolerance.assertClose("dv alone", dv, backward(inputs, rule, Dropout.NONE, true), TOLERANCE);
  }

  @Test
  void forwardJvpIsTheTangent() {
    double[] qkv = gaussian(3, SIZE);
    double[] direction = gaussian(4, SIZE);
    Tensor[] x = work.split(qkv, QUERY, KEY, KEY);
    Tensor[] d = work.split(direction, QUERY, KEY, KEY);
    Tensor[] kept = work.split(forward(qkv, Dropout.NONE), QUERY, new int[] {ROWS, 4});
    Tensor outDot = work.empty(QUERY);
    Tensor lseDot = work.empty(ROWS, 4);
    work.backend.attentionForwardJvp(
        offsets, x[0], x[1], x[2], d[0], d[1], d[2], kept[0], kept[1], SCALE, outDot, lseDot);
    Tolerance.assertClose(
        "outDot, lseDot",
        Differences.tangent(y -> forward(y, Dropout.NONE), qkv, direction),
        read(outDot, lseDot),
        TOLERANCE);
  }

  @Test
  void backwardJvpIsTheTangentOfTheBackwardPass() {
    double[] inputs = gaussian(5, SIZE + ROWS * 12);
    double[] direction = gaussian(6, SIZE + ROWS * 12);
    Tensor[] x = work.split(inputs, QUERY, KEY, KEY, QUERY);
    Tensor[] d = work.split(direction, QUERY, KEY, KEY, QUERY);
    double[] qkv = Arrays.copyOf(inputs, SIZE);
    Tensor[] kept = work.split(forward(qkv, Dropout.NONE), QUERY, new int[] {ROWS, 4});
    Tensor outDot = work.empty(QUERY);
    Tensor lseDot = work.empty(ROWS, 4);
    work.backend.attentionForwardJvp(
        offsets, x[0], x[1], x[2], d[0], d[1], d[2], kept[0], kept[1], SCALE, outDot, lseDot);
    Tensor dqDot = work.empty(QUERY);
    Tensor dkDot = work.empty(KEY);
    Tensor dvDot = work.empty(KEY);
    work.backend.attentionBackwardJvp(
        offsets, x[0], x[1], x[2], d[0], d[1], d[2], kept[0], outDot, kept[1], lseDot, x[3], d[3],
        SCALE, dqDot, dkDot, dvDot);
    Tolerance.assertClose(
        "dqkvDot",
        Differences.tangent(y -> backward(y, Dropout.NONE, false), inputs, direction),
        read(dqDot, dkDot, dvDot),
        TOLERANCE);
  }
}
