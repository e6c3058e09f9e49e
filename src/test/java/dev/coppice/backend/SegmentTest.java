// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Reductions of each sample's positions. Bounds for n terms: n products and n-1 sums; {@code
 * linearGradSqNorm} sums squares of sums of n products: 2 n + I O + 16, as its definition has it;
 * {@code linearGradSquares} sums them over B samples, 2 n + B; {@code rowOuter} is one product.
 */
class SegmentTest extends OpParityTest {
  private static final int[][] LENGTHS = {
    {}, {0}, {1}, {2, 0, 7}, {31, 32, 33, 0}, {5, 1, 64, 3}, {257, 255}, {50, 1, 1, 50, 13, 997}
  };

  private static int longest(int... lengths) {
    return Arrays.stream(lengths).max().orElse(0);
  }

  static OpCase sum(boolean weights, boolean absolute, int... lengths) {
    int total = Arrays.stream(lengths).sum();
    Inputs inputs = new Inputs(31L * total + lengths.length, absolute);
    OpCase op =
        new OpCase("segmentSum")
            .in("offsets", Inputs.offsets(lengths), lengths.length + 1)
            .in("values", inputs.gaussian(total), total)
            .in(weights, "weights", () -> inputs.gaussian(total), total)
            .out("out", lengths.length)
            .rows("values", "weights")
            .samples("out")
            .call(
                (backend, t) ->
                    backend.segmentSum(
                        t.get("offsets"), t.get("values"), t.get("weights"), t.get("out")))
            .depth(longest(lengths));
    return weights ? op : op.free("values");
  }

  static OpCase dot(int width, boolean absolute, int... lengths) {
    int total = Arrays.stream(lengths).sum();
    Inputs inputs = new Inputs(31L * total + width, absolute);
    return new OpCase("segmentDot")
        .in("offsets", Inputs.offsets(lengths), lengths.length + 1)
        .in("x", inputs.gaussian(total * width), total, width)
        .in("y", inputs.gaussian(total * width), total, width)
        .out("out", lengths.length)
        .rows("x", "y")
        .samples("out")
        .call(
            (backend, t) ->
                backend.segmentDot(t.get("offsets"), t.get("x"), t.get("y"), t.get("out")))
        .depth(width * longest(lengths));
  }

  static OpCase sqNorm(int in, int out, boolean absolute, int... lengths) {
    int total = Arrays.stream(lengths).sum();
    Inputs inputs = new Inputs(31L * total + 7L * in + out, absolute);
    return new OpCase("linearGradSqNorm")
        .in("offsets", Inputs.offsets(lengths), lengths.length + 1)
        .in("act", inputs.gaussian(total * in), total, in)
        .in("delta", inputs.gaussian(total * out), total, out)
        .out("out", lengths.length)
        .rows("act", "delta")
        .samples("out")
        .freeAxis("act", 1)
        .freeAxis("delta", 1)
        .call(
            (backend, t) ->
                backend.linearGradSqNorm(
                    t.get("offsets"), t.get("act"), t.get("delta"), t.get("out")))
        .depth(2 * longest(lengths) + in * out + 16);
  }

  static OpCase squares(int in, int out, boolean absolute, int... lengths) {
    int total = Arrays.stream(lengths).sum();
    Inputs inputs = new Inputs(31L * total + 7L * in + out, absolute);
    return new OpCase("linearGradSquares")
        .in("offsets", Inputs.offsets(lengths), lengths.length + 1)
        .in("act", inputs.gaussian(total * in), total, in)
        .in("delta", inputs.gaussian(total * out), total, out)
        .out("out", out, in)
        .rows("act", "delta")
        .free("offsets")
        .call(
            (backend, t) ->
                backend.linearGradSquares(
                    t.get("offsets"), t.get("act"), t.get("delta"), t.get("out")))
        .depth(2 * longest(lengths) + lengths.length);
  }

  static OpCase outer(int rows, int in, int out, boolean absolute) {
    Inputs inputs = new Inputs(31L * rows + 7L * in + out, absolute);
    return new OpCase("rowOuter")
        .in("act", inputs.gaussian(rows * in), rows, in)
        .in("delta", inputs.gaussian(rows * out), rows, out)
        .out("out", rows, in * out)
        .rows("act", "delta", "out")
        .call((backend, t) -> backend.rowOuter(t.get("act"), t.get("delta"), t.get("out")))
        .depth(1);
  }

  private static Stream<OpCase> reductions(boolean absolute, int... lengths) {
    return Stream.of(
        sum(false, absolute, lengths),
        sum(true, absolute, lengths),
        dot(1, absolute, lengths),
        dot(65, absolute, lengths),
        sqNorm(1, 1, absolute, lengths),
        sqNorm(7, 33, absolute, lengths),
        sqNorm(64, 8, absolute, lengths),
        sqNorm(31, 64, absolute, lengths),
        squares(1, 1, absolute, lengths),
        squares(65, 64, absolute, lengths),
        squares(7, 33, absolute, lengths));
  }

  @Override
  Stream<OpCase> cases() {
    int[][] shapes = {{0, 3, 2}, {1, 1, 1}, {2, 7, 31}, {33, 32, 65}, {257, 13, 17}, {5, 64, 64}};
    int[] many = IntStream.range(0, 150).map(b -> b % 4).toArray(); // more than a chunk of samples
    return Stream.of(false, true)
        .flatMap(
            abs ->
                Stream.concat(
                    Stream.concat(Stream.of(LENGTHS), Stream.<int[]>of(many))
                        .flatMap(lengths -> reductions(abs, lengths)),
                    Stream.of(shapes).map(s -> outer(s[0], s[1], s[2], abs))));
  }

  @Override
  Stream<OpCase> small() {
    return Stream.of(
        sum(true, false, 2, 3),
        sum(false, false, 2, 3),
        dot(3, false, 2, 3),
        sqNorm(3, 2, false, 2, 3),
        squares(3, 2, false, 2, 3),
        outer(3, 4, 2, false));
  }

  @Override
  Stream<OpCase> separable() {
    return Stream.of(
        sum(true, false, 5, 1, 0, 64, 33),
        dot(33, false, 5, 1, 0, 64, 33),
        sqNorm(33, 17, false, 5, 1, 0, 64, 33),
        sqNorm(64, 64, false, 5, 1, 0, 64, 33),
        outer(5, 7, 33, false));
  }
}
