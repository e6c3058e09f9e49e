// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.Map;
import java.util.function.Function;

/** {@link CoreOps}, but for attention; the calls are those of the operations' tests. */
final class CoreTimings {
  private static final int D = OpSize.WIDTH;

  private CoreTimings() {}

  static void add(Map<String, Function<OpSize, TimedOp>> ops) {
    ops.put("gemm (T,D)x(D,D)", s -> gemm("(T,D)x(D,D)", false, s.positions(), D, D, DType.F32));
    ops.put("gemm (D,T)x(T,D)", s -> gemm("(D,T)x(T,D)", true, D, D, s.positions(), DType.F32));
    ops.put("gemm square", CoreTimings::square);
    ops.put("gemm bf16", s -> gemm("bf16", false, s.tokens(), s.hidden(), s.hidden(), DType.BF16));
    ops.put("axpy", s -> TimedOp.each("axpy", AxpyTest.axpy(table(s), false), table(s)));
    ops.put("scale", s -> TimedOp.each("scale", ScaleTest.scale(table(s), false), table(s)));
    ops.put("fill", CoreTimings::fill);
    ops.put("convert", CoreTimings::convert);
    ops.put("dropoutForward", CoreTimings::dropout);
    ops.put("biasForward", s -> rowWise("biasForward", s, BiasTest.forward(rows(s), D, false)));
    ops.put("biasBackward", s -> rowWise("biasBackward", s, BiasTest.backward(rows(s), D, false)));
    ops.put("embeddingForward", CoreTimings::gather);
    ops.put("embeddingBackward", CoreTimings::scatter);
    ops.put("segmentSum", CoreTimings::segmentSum);
    ops.put("segmentDot", CoreTimings::segmentDot);
    ops.put("linearGradSqNorm", CoreTimings::sqNorm);
    ops.put("rowOuter", CoreTimings::rowOuter);
    ops.put("symmetricSolve", CoreTimings::solve);
  }

  private static int rows(OpSize s) {
    return s.positions();
  }

  /** Elements of the item table. */
  private static int table(OpSize s) {
    return s.items() * D;
  }

  private static TimedOp rowWise(String name, OpSize s, OpCase op) {
    return TimedOp.each(name, op, (double) rows(s) * D);
  }

  /** b transposed as in a layer's forward pass, or a transposed as in a weight's gradient. */
  private static TimedOp gemm(String form, boolean transA, int m, int n, int k, DType b) {
    GemmTest.Form how = new GemmTest.Form(transA, !transA, 1, 0, b);
    return TimedOp.of(
        "gemm " + form, GemmTest.gemm(how, m, n, k, false), OpCosts.gemm((double) m * n, k));
  }

  private static TimedOp square(OpSize s) {
    int n = s.parameters();
    return gemm("square", false, n, n, n, DType.F32);
  }

  private static TimedOp fill(OpSize s) {
    OpCase op =
        new OpCase("fill").out("x", table(s)).call((backend, t) -> backend.fill(t.get("x"), 0.25f));
    return TimedOp.each("fill", op, table(s));
  }

  private static TimedOp convert(OpSize s) {
    return TimedOp.each(
        "convert",
        ConvertTest.convert(DType.BF16, s.hidden() * s.hidden()),
        s.hidden() * s.hidden());
  }

  private static TimedOp dropout(OpSize s) {
    Dropout half = new Dropout(0.5f, 42, 3, 5);
    OpCase op = DropoutForwardTest.dropout(rows(s), D, half, false, false);
    return TimedOp.each("dropoutForward", op, (double) rows(s) * D);
  }

  private static TimedOp gather(OpSize s) {
    OpCase op = EmbeddingTest.forward(DType.F32, rows(s), D, s.items(), false);
    return TimedOp.each("embeddingForward", op, (double) rows(s) * D)
        .touching(OpCosts.gatherBytes(rows(s), D, false));
  }

  /** Of the table only the rows that are named are touched, read and written. */
  private static TimedOp scatter(OpSize s) {
    OpCase op = EmbeddingTest.backward(rows(s), D, s.items(), true, false);
    int touched = op.dim("rows", 0);
    return TimedOp.of("embeddingBackward", op, OpCosts.scatter(rows(s), D))
        .touching(OpCosts.scatterBytes(touched, rows(s), D, true));
  }

  private static TimedOp segmentSum(OpSize s) {
    return TimedOp.each("segmentSum", SegmentTest.sum(true, false, s.lengths()), rows(s));
  }

  private static TimedOp segmentDot(OpSize s) {
    return TimedOp.each("segmentDot", SegmentTest.dot(D, false, s.lengths()), (double) rows(s) * D);
  }

  private static TimedOp sqNorm(OpSize s) {
    OpCase op = SegmentTest.sqNorm(D, D, false, s.lengths());
    return TimedOp.of("linearGradSqNorm", op, OpCosts.squares(D * D, rows(s), s.samples()));
  }

  /** At most a chunk of the dense Hessian. */
  private static TimedOp rowOuter(OpSize s) {
    int count = Math.min(2048, rows(s));
    return TimedOp.each("rowOuter", SegmentTest.outer(count, D, D, false), (double) count * D * D);
  }

  /** On the host, in float64; the matrix is copied for each call, as it is overwritten. */
  private static TimedOp solve(OpSize s) {
    int n = s.parameters();
    double[] matrix = new double[n * n];
    double[] right = new double[n];
    float[] values = new Inputs(n, false).gaussian(n * n);
    for (int i = 0; i < n; i++) {
      right[i] = values[i];
      for (int j = 0; j <= i; j++) {
        matrix[i * n + j] = 0.1 * values[i * n + j];
        matrix[j * n + i] = matrix[i * n + j];
      }
      matrix[i * n + i] = n;
    }
    OpCase op =
        new OpCase("symmetricSolve")
            .out("x", n)
            .call(
                (backend, t) -> {
                  double[] x = right.clone();
                  backend.symmetricSolve(n, matrix.clone(), x);
                  t.get("x").write(x);
                });
    return TimedOp.of("symmetricSolve", op, Math.pow(n, 3) / 3).touching(16.0 * n * n);
  }
}
