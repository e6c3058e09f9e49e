// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Bound: k products and k-1 sums, the products by alpha and beta, and the last sum: k + 3. */
class GemmTest extends OpParityTest {
  private static final int[][] SHAPES = {
    {0, 5, 3},
    {5, 0, 3},
    {5, 3, 0},
    {1, 1, 1},
    {2, 7, 31},
    {7, 31, 64},
    {33, 65, 2},
    {64, 64, 64},
    {63, 32, 127},
    {65, 33, 257},
    {256, 63, 32},
    {257, 17, 255},
    {13, 255, 65},
    {300, 257, 131}
  };

  record Form(boolean transA, boolean transB, float alpha, float beta, DType b) {}

  private static final List<Form> FORMS = forms();

  private static List<Form> forms() {
    List<Form> forms = new ArrayList<>();
    for (int bits = 0; bits < 4; bits++) {
      boolean transA = (bits & 1) != 0;
      boolean transB = (bits & 2) != 0;
      forms.add(new Form(transA, transB, 1, 0, DType.F32));
      forms.add(new Form(transA, transB, -0.7f, 1.3f, DType.F32));
    }
    for (DType half : new DType[] {DType.BF16, DType.F16}) {
      forms.add(new Form(false, true, 1, 0, half));
      forms.add(new Form(false, false, 0.5f, 0.6f, half));
      forms.add(new Form(true, true, 2, 0, half));
    }
    return forms;
  }

  static OpCase gemm(Form form, int m, int n, int k, boolean absolute) {
    Inputs inputs = new Inputs(31L * m + 7L * n + k, absolute);
    int[] a = form.transA ? new int[] {k, m} : new int[] {m, k};
    int[] b = form.transB ? new int[] {n, k} : new int[] {k, n};
    OpCase op =
        new OpCase("gemm " + form.transA + " " + form.transB + " " + form.alpha + " " + form.beta)
            .in("a", inputs.gaussian(m * k), a);
    op =
        form.b == DType.F32
            ? op.in("b", inputs.gaussian(k * n), b)
            : op.half("b", form.b, inputs.halves(form.b, k * n), b);
    op = form.beta == 0 ? op.out("c", m, n) : op.inOut("c", inputs.gaussian(m * n), m, n);
    return op.rows(form.transA ? "b" : "a", "c")
        .call(
            (backend, t) ->
                backend.gemm(
                    form.transA,
                    form.transB,
                    form.alpha,
                    t.get("a"),
                    t.get("b"),
                    form.beta,
                    t.get("c")))
        .depth(k + 3, c -> magnitude(form, c));
  }

  private static OpCase magnitude(Form form, OpCase c) {
    OpCase positive = c.absolute();
    positive.call =
        (backend, t) ->
            backend.gemm(
                form.transA,
                form.transB,
                Math.abs(form.alpha),
                t.get("a"),
                t.get("b"),
                Math.abs(form.beta),
                t.get("c"));
    return positive;
  }

  @Override
  List<Backends.Candidate> candidates() {
    return Stream.of(Backends.available(), Backends.withCublas()).flatMap(List::stream).toList();
  }

  @Override
  Stream<OpCase> cases() {
    return FORMS.stream()
        .flatMap(
            form ->
                Stream.of(SHAPES)
                    .flatMap(
                        s -> Stream.of(false, true).map(abs -> gemm(form, s[0], s[1], s[2], abs))));
  }

  @Override
  Stream<OpCase> small() {
    return FORMS.stream().map(form -> gemm(form, 3, 4, 5, false));
  }

  @Override
  Stream<OpCase> separable() {
    return FORMS.stream()
        .filter(form -> !form.transA)
        .flatMap(form -> Stream.of(gemm(form, 37, 65, 257, false), gemm(form, 70, 64, 64, false)));
  }

  @Test
  void betaZeroIgnoresWhatTheOutputHeld() {
    for (Backends.Candidate candidate : candidates()) {
      try (Backend backend = candidate.open();
          Workspace work = backend.workspace(1024)) {
        Tensor a = work.f32(1, 1);
        Tensor c = work.f32(1, 1);
        a.write(new float[] {3});
        c.write(new float[] {Float.NaN});
        backend.gemm(false, false, 2, a, a, 0, c);
        assertEquals(18, c.floats()[0], candidate.label());
      }
    }
  }
}
