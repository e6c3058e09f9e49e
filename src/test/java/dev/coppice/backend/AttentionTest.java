// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.coppice.random.Philox;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Forward and backward, with and without dropout. Bounds: {@link AttentionErrors}. */
class AttentionTest extends OpParityTest {
  static final Dropout HALF = new Dropout(0.5f, 11, 4, 7);

  /** Heads H, groups G, head width C, and the samples' lengths. */
  record Shape(int heads, int groups, int width, int... lengths) {
    int rows() {
      return Arrays.stream(lengths).sum();
    }

    float scale() {
      return (float) (1 / Math.sqrt(width));
    }
  }

  static final List<Shape> SHAPES =
      List.of(
          new Shape(1, 1, 1),
          new Shape(1, 1, 3, 0),
          new Shape(1, 1, 1, 1),
          new Shape(2, 2, 32, 2, 0, 7),
          new Shape(4, 2, 7, 31, 33),
          new Shape(6, 1, 33, 5, 1, 1, 13),
          new Shape(2, 1, 64, 32, 3),
          new Shape(3, 3, 65, 17),
          new Shape(2, 2, 32, 50, 1, 2, 49, 5),
          new Shape(8, 2, 16, 63, 65),
          new Shape(1, 1, 128, 64),
          new Shape(2, 1, 256, 3, 8),
          new Shape(2, 2, 31, 257));

  static OpCase qkv(String name, Shape s, boolean absolute) {
    Inputs inputs = new Inputs(31L * s.rows() + 7L * s.width + s.heads, absolute);
    int t = s.rows();
    return new OpCase(name)
        .in("offsets", Inputs.offsets(s.lengths), s.lengths.length + 1)
        .in("q", inputs.gaussian(t * s.heads * s.width, 1.5), t, s.heads, s.width)
        .in("k", inputs.gaussian(t * s.groups * s.width, 1.5), t, s.groups, s.width)
        .in("v", inputs.gaussian(t * s.groups * s.width), t, s.groups, s.width)
        .rows("q", "k", "v")
        .free("offsets");
  }

  private static OpCase masked(OpCase op, Shape s, Dropout dropout) {
    if (dropout.rate() == 0) {
      return op;
    }
    op.free.remove("offsets0");
    // A dropped NaN may be skipped or multiplied by 0.
    return op.in("triangles", Inputs.triangles(s.lengths), s.lengths.length)
        .samples("triangles")
        .derived("q", "k", "v", "dout");
  }

  static OpCase forward(Shape s, Dropout dropout, boolean absolute) {
    return forward(s, AttentionRule.scaled(s.scale()), dropout, absolute);
  }

  static OpCase forward(Shape s, AttentionRule rule, Dropout dropout, boolean absolute) {
    OpCase op = qkv("attentionForward " + rule + " " + dropout.rate(), s, absolute);
    return masked(op, s, dropout)
        .out("out", s.rows(), s.heads, s.width)
        .out("lse", s.rows(), s.heads)
        .rows("out", "lse")
        .call(
            (backend, t) ->
                backend.attentionForward(
                    t.get("offsets"),
                    t.get("q"),
                    t.get("k"),
                    t.get("v"),
                    rule,
                    dropout,
                    t.get("triangles"),
                    t.get("out"),
                    t.get("lse")))
        .rounded(c -> new AttentionErrors(c, rule, dropout).forward());
  }

  /** Results of another case as inputs of this one, in float32. */
  static OpCase leaving(OpCase op, OpCase before) {
    OpRun.onReference(before)
        .floats()
        .forEach(
            (name, values) -> {
              float[] kept = new float[values.length];
              for (int i = 0; i < kept.length; i++) {
                kept[i] = (float) values[i];
              }
              op.in(name, kept, before.args.get(name).dims()).rows(name).derived(name);
            });
    return op;
  }

  static OpCase backward(Shape s, Dropout dropout, boolean onlyV, boolean absolute) {
    return backward(s, AttentionRule.scaled(s.scale()), dropout, onlyV, absolute);
  }

  static OpCase backward(
      Shape s, AttentionRule rule, Dropout dropout, boolean onlyV, boolean absolute) {
    Inputs inputs = new Inputs(13L * s.rows() + s.width, absolute);
    OpCase op = qkv("attentionBackward " + rule + " " + dropout.rate(), s, absolute);
    leaving(op, forward(s, rule, dropout, absolute));
    op.in("dout", inputs.gaussian(s.rows() * s.heads * s.width), s.rows(), s.heads, s.width);
    masked(op, s, dropout);
    if (onlyV) {
      op.derived("out", "lse");
    }
    return op.out(!onlyV, "dq", s.rows(), s.heads, s.width)
        .out(!onlyV, "dk", s.rows(), s.groups, s.width)
        .out("dv", s.rows(), s.groups, s.width)
        .rows("dout", "dq", "dk", "dv")
        .derived(onlyV ? "v" : "out")
        .call(
            (backend, t) ->
                backend.attentionBackward(
                    t.get("offsets"),
                    t.get("q"),
                    t.get("k"),
                    t.get("v"),
                    t.get("out"),
                    t.get("lse"),
                    t.get("dout"),
                    rule,
                    dropout,
                    t.get("triangles"),
                    t.get("dq"),
                    t.get("dk"),
                    t.get("dv")))
        .rounded(c -> new AttentionErrors(c, rule, dropout).backward());
  }

  private static List<OpCase> all(Shape shape, boolean absolute) {
    List<OpCase> cases = new ArrayList<>();
    for (Dropout dropout : new Dropout[] {Dropout.NONE, HALF}) {
      cases.add(forward(shape, dropout, absolute));
      cases.add(backward(shape, dropout, false, absolute));
      cases.add(backward(shape, dropout, true, absolute));
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
    Shape inTiles = new Shape(4, 2, 3, 2, 3);
    Shape ofWholeVectors = new Shape(2, 1, 32, 3, 2);
    return Stream.of(inTiles, ofWholeVectors).flatMap(shape -> all(shape, false).stream());
  }

  @Override
  Stream<OpCase> separable() {
    return all(new Shape(4, 2, 33, 5, 1, 0, 34, 2), false).stream();
  }

  /**
   * With q = 0 every P_ij is 1/(i+1), and with v_j the j-th unit vector out_ij shows which P_ij was
   * kept.
   */
  @Test
  void keepsByTheFirstWordOfItsCounter() {
    int[] lengths = {3, 5};
    Dropout mask = new Dropout(0.25f, 99, 5, 12);
    float[] units = new float[8 * 8];
    for (int j = 0; j < 8; j++) {
      units[j * 8 + (j < 3 ? j : j - 3)] = 1;
    }
    OpCase op = forward(new Shape(2, 1, 8, lengths), mask, false);
    op =
        op.with(List.of(op.args.get("q").with(new float[8 * 2 * 8]), op.args.get("v").with(units)));
    for (Backends.Candidate candidate : Backends.all()) {
      try (Backend backend = candidate.open()) {
        double[] out = OpRun.outcome(backend, op).floats().get("out");
        for (int t = 0; t < 8; t++) {
          for (int h = 0; h < 2; h++) {
            assertKept(
                candidate.label(),
                mask,
                t,
                h,
                Arrays.copyOfRange(out, (2 * t + h) * 8, (2 * t + h) * 8 + 8));
          }
        }
      }
    }
  }

  private static void assertKept(String label, Dropout mask, int t, int h, double[] row) {
    int i = t < 3 ? t : t - 3;
    int triangle = t < 3 ? 0 : 6;
    for (int j = 0; j < 8; j++) {
      int counter = triangle + i * (i + 1) / 2 + j;
      int word = Philox.firstWord(mask.seed(), 2, mask.step(), mask.site() + 65536 * h, counter);
      boolean kept = j <= i && Integer.toUnsignedLong(word) >= 1L << 30;
      double expected = kept ? 4.0 / 3 / (i + 1) : 0;
      assertEquals(expected, row[j], 1e-6, label + " row " + t + " head " + h + " column " + j);
    }
  }

  /** What comes after a position changes no bit of it, so neither does a sample's length. */
  @ParameterizedTest
  @ValueSource(ints = {8, 16, 24, 32, 64})
  void theFirstRowsOfALongSampleAreThoseOfAShortOne(int width) {
    int rows = 40;
    Inputs inputs = new Inputs(width, false);
    float[][] values = {
      inputs.gaussian(rows * 2 * width),
      inputs.gaussian(rows * width),
      inputs.gaussian(rows * width)
    };
    for (Backends.Candidate candidate : Backends.available()) {
      try (Backend backend = candidate.open();
          Workspace workspace = backend.workspace(4 << 20)) {
        for (Dropout dropout : new Dropout[] {Dropout.NONE, HALF}) {
          double[] all = firstRows(backend, workspace, values, width, dropout, rows);
          for (int first : new int[] {1, 3, 8, 9, 16, 17, 31}) {
            double[] some = firstRows(backend, workspace, values, width, dropout, first);
            String what = candidate.label() + ", " + first + " rows of " + width;
            assertArrayEquals(Arrays.copyOf(all, some.length), some, what);
          }
        }
      }
    }
  }

  /** Output of a sample that is the first of {@code rows} positions; two heads, one group. */
  private static double[] firstRows(
      Backend backend,
      Workspace workspace,
      float[][] values,
      int width,
      Dropout dropout,
      int rows) {
    Tensor offsets = workspace.i32(2);
    offsets.write(new int[] {0, rows});
    Tensor triangles = workspace.i32(1);
    triangles.write(new int[] {0});
    Tensor q = workspace.f32(rows, 2, width);
    Tensor k = workspace.f32(rows, 1, width);
    Tensor v = workspace.f32(rows, 1, width);
    q.write(Arrays.copyOf(values[0], rows * 2 * width));
    k.write(Arrays.copyOf(values[1], rows * width));
    v.write(Arrays.copyOf(values[2], rows * width));
    Tensor out = workspace.f32(rows, 2, width);
    Tensor lse = workspace.f32(rows, 2);
    AttentionRule rule = AttentionRule.scaled(1 / Math.sqrt(width));
    backend.attentionForward(offsets, q, k, v, rule, dropout, triangles, out, lse);
    return out.doubles();
  }
}
