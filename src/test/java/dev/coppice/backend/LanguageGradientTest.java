// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static dev.coppice.backend.Differences.TOLERANCE;
import static dev.coppice.backend.Differences.concat;
import static dev.coppice.backend.Differences.gaussian;
import static dev.coppice.backend.Differences.read;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The reference's language operations, and linear ones, against central differences. */
class LanguageGradientTest {
  private static final int[] ROWS = {3, 5};

  private final Differences work = new Differences();

  @AfterEach
  void close() {
    work.close();
  }

  /** x to y, rstd. */
  private Tensor[] rmsNorm(double[] x, Tensor weight) {
    Tensor[] out = {work.empty(ROWS), work.empty(3)};
    work.backend.rmsNormForward(work.of(x, ROWS), weight, 0.1f, out[0], out[1]);
    return out;
  }

  @Test
  void rmsNormBackwardIsTheGradient() {
    double[] x = gaussian(1, 15);
    double[] dy = gaussian(2, 15);
    double[] before = gaussian(4, 15);
    Tensor weight = work.of(gaussian(3, 5), 5);
    double[] expected = Differences.gradient(y -> rmsNorm(y, weight)[0].doubles(), x, dy);
    Tensor rstd = rmsNorm(x, weight)[1];
    Tensor dx = work.of(before, ROWS);
    Tensor gradient = work.of(dy, ROWS);
    work.backend.rmsNormBackward(gradient, work.of(x, ROWS), rstd, weight, true, dx);
    double[] added = dx.doubles();
    for (int i = 0; i < 15; i++) {
      added[i] -= before[i];
    }
    Tolerance.assertClose("dx added", expected, added, TOLERANCE);
    work.backend.rmsNormBackward(gradient, work.of(x, ROWS), rstd, weight, false, dx);
    Tolerance.assertClose("dx", expected, dx.doubles(), TOLERANCE);
  }

  private double[] rope(double[] x, boolean inverse) {
    Tensor tensor = work.of(x, 3, 2, 4);
    double[] cosines = new double[10];
    double[] sines = new double[10];
    for (int i = 0; i < 10; i++) {
      cosines[i] = Math.cos(0.3 * (i / 2) * (i % 2 + 1));
      sines[i] = Math.sin(0.3 * (i / 2) * (i % 2 + 1));
    }
    work.backend.ropeForward(
        work.ids(0, 4, 2), work.of(cosines, 5, 2), work.of(sines, 5, 2), inverse, tensor);
    return tensor.doubles();
  }

  @Test
  void ropeInverseIsItsGradientAndUndoesIt() {
    double[] x = gaussian(5, 24);
    double[] dy = gaussian(6, 24);
    double[] expected = Differences.gradient(y -> rope(y, false), x, dy);
    Tolerance.assertClose("dx", expected, rope(dy, true), TOLERANCE);
    Tolerance.assertClose("turned back", x, rope(rope(x, false), true), 1e-15);
    assertArrayEquals(Arrays.copyOf(x, 8), Arrays.copyOf(rope(x, false), 8), "position 0");
  }

  private double[] swiglu(double[] inputs) {
    Tensor[] t = work.split(inputs, ROWS, ROWS);
    Tensor out = work.empty(ROWS);
    work.backend.swigluForward(t[0], t[1], out);
    return out.doubles();
  }

  @Test
  void swigluBackwardIsTheGradient() {
    double[] inputs = gaussian(7, 30);
    double[] dout = gaussian(8, 15);
    Tensor[] t = work.split(inputs, ROWS, ROWS);
    work.backend.swigluBackward(work.of(dout, ROWS), t[0], t[1], t[0], t[1]);
    Tolerance.assertClose(
        "dgate, dup", Differences.gradient(this::swiglu, inputs, dout), read(t), TOLERANCE);
  }

  private double[] geglu(double[] inputs) {
    Tensor[] t = work.split(inputs, ROWS, ROWS);
    Tensor out = work.empty(ROWS);
    work.backend.gegluForward(t[0], t[1], out);
    return out.doubles();
  }

  @Test
  void gegluBackwardIsTheGradient() {
    double[] inputs = gaussian(15, 30);
    double[] dout = gaussian(16, 15);
    Tensor[] t = work.split(inputs, ROWS, ROWS);
    work.backend.gegluBackward(work.of(dout, ROWS), t[0], t[1], t[0], t[1]);
    Tolerance.assertClose(
        "dgate, dup", Differences.gradient(this::geglu, inputs, dout), read(t), TOLERANCE);
    double x = 0.7;
    double u = Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
    double[] known =
        geglu(concat(new double[] {x}, new double[14], new double[] {3}, new double[14]));
    assertEquals(3 * 0.5 * x * (1 + Math.tanh(u)), known[0], 1e-14);
  }

  /** Logits to loss and gradient. */
  private Tensor[] crossEntropy(double cap, double[] logits, double[] w) {
    Tensor[] out = {work.empty(3), work.of(logits, ROWS)};
    work.backend.crossEntropy(cap, work.ids(4, -1, 2), work.of(w, 3), out[1], out[0]);
    return out;
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 1.5})
  void crossEntropyGivesTheGradientOfItsLoss(double cap) {
    double[] logits = gaussian(9, 15);
    double[] w = {0.5, 3, -2};
    double[] expected = Differences.gradient(x -> crossEntropy(cap, x, w)[0].doubles(), logits, w);
    Tensor[] out = crossEntropy(cap, logits, w);
    Tolerance.assertClose("dlogits", expected, out[1].doubles(), TOLERANCE);
    assertEquals(0, out[0].doubles()[1], "a target below 0 is not scored");
  }

  /** W (2,3) to W act of every row. */
  private double[] linear(double[] weight, Tensor act) {
    Tensor y = work.empty(act.dim(0), 2);
    work.backend.gemm(false, true, 1, act, work.of(weight, 2, 3), 0, y);
    return y.doubles();
  }

  @Test
  void linearGradSqNormIsTheSquaredGradient() {
    double[] act = gaussian(10, 15);
    double[] delta = gaussian(11, 10);
    double[] weight = gaussian(12, 6);
    Tensor out = work.empty(2);
    work.backend.linearGradSqNorm(work.ids(0, 2, 5), work.of(act, 5, 3), work.of(delta, 5, 2), out);
    double[] expected = new double[2];
    for (int b = 0; b < 2; b++) {
      int from = b == 0 ? 0 : 2;
      int to = b == 0 ? 2 : 5;
      Tensor own = work.of(Arrays.copyOfRange(act, 3 * from, 3 * to), to - from, 3);
      double[] gradient =
          Differences.gradient(
              x -> linear(x, own), weight, Arrays.copyOfRange(delta, 2 * from, 2 * to));
      expected[b] = Differences.dot(gradient, gradient);
    }
    Tolerance.assertClose("squared norms", expected, out.doubles(), TOLERANCE);
  }

  @Test
  void sumsOfOuterProductsAreTheGemmOfTheTranspose() {
    Tensor act = work.of(gaussian(13, 15), 5, 3);
    Tensor delta = work.of(gaussian(14, 10), 5, 2);
    Tensor gradient = work.empty(2, 3);
    work.backend.gemm(true, false, 1, delta, act, 0, gradient);
    Tensor outer = work.empty(5, 6);
    work.backend.rowOuter(act, delta, outer);
    Tensor sum = work.empty(6);
    work.backend.biasBackward(outer, sum);
    Tolerance.assertClose("sum", gradient.doubles(), sum.doubles(), 1e-14);
  }

  @Test
  void gemmFollowsItsIndices() {
    double[] a = {1, 2, 3, 4, 5, 6};
    double[] b = {7, 8, 9, 10, 11, 12};
    Tensor c = work.of(new double[] {100, 200, 300, 400}, 2, 2);
    work.backend.gemm(false, false, 2, work.of(a, 2, 3), work.of(b, 3, 2), 0.5f, c);
    assertArrayEquals(new double[] {166, 228, 428, 508}, c.doubles());
    work.backend.gemm(false, true, 1, work.of(a, 2, 3), work.of(b, 2, 3), 0, c);
    assertArrayEquals(new double[] {50, 68, 122, 167}, c.doubles());
    work.backend.gemm(true, false, 1, work.of(a, 3, 2), work.of(b, 3, 2), 0, c);
    assertArrayEquals(new double[] {89, 98, 116, 128}, c.doubles());
    work.backend.gemm(true, true, 1, work.of(a, 3, 2), work.of(b, 2, 3), 0, c);
    assertArrayEquals(new double[] {76, 103, 100, 136}, c.doubles());
  }

  @Test
  void gathersAndReductionsFollowTheirIndices() {
    Tensor table = work.of(new double[] {1, 2, 3, 4, 5, 6}, 3, 2);
    Tensor out = work.of(new double[] {10, 20, 30, 40}, 2, 2);
    work.backend.embeddingForward(work.ids(2, 0), table, true, out);
    assertArrayEquals(new double[] {15, 26, 31, 42}, out.doubles());
    Tensor three = work.of(new double[] {1, 10, 100}, 3);
    Tensor sums = work.empty(3);
    Tensor offsets = work.ids(0, 2, 2, 3);
    work.backend.segmentSum(offsets, three, null, sums);
    assertArrayEquals(new double[] {11, 0, 100}, sums.doubles());
    work.backend.segmentSum(offsets, three, work.of(new double[] {2, 3, 4}, 3), sums);
    assertArrayEquals(new double[] {32, 0, 400}, sums.doubles());
    work.backend.segmentDot(offsets, table, table, sums);
    assertArrayEquals(new double[] {30, 0, 61}, sums.doubles());
    Tensor ids = topK(table);
    assertArrayEquals(new int[] {2, -1, 2, 1}, ids.ints());
    assertArrayEquals(new double[] {3, 4}, concat(table.rows(1, 1).doubles()));
  }

  /** User 0 has item 1 masked, user 1 nothing. */
  private Tensor topK(Tensor table) {
    Tensor ids = work.ids(9, 9, 9, 9).reshape(2, 2);
    Tensor h = work.of(new double[] {-1, -1, 1, 0}, 2, 2);
    work.backend.itemTopK(h, table, work.ids(0, 1, 1), work.ids(1), ids);
    return ids;
  }
}
