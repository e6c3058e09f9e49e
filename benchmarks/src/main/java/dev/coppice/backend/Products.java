// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.openblas.global.openblas;
import org.lwjgl.system.MemoryUtil;

/**
 * What it costs that a row of a product does not depend on other rows: the engine's product beside
 * that of OpenBLAS, which promises nothing of the kind, in turn, at the shapes of the models.
 */
final class Products {
  private static final int TRIES = 5;
  private static final double TRY_SECONDS = 0.02;
  private static final long SETTLING = 200_000_000; // ns

  /** {@code c = op(a) b^T}, or {@code a^T b}: rows of c, columns of c, terms of each element. */
  private record Shape(String what, boolean sumsOverRows, int m, int n, int k) {
    double flop() {
      return 2.0 * m * n * k;
    }
  }

  private static final List<Shape> SHAPES =
      List.of(
          new Shape("surrogate, a part of a batch", false, 333, 64, 64),
          new Shape("surrogate, a batch", false, 2664, 64, 64),
          new Shape("surrogate, weight gradient of a part", true, 64, 64, 333),
          new Shape("surrogate, weight gradient of a batch", true, 64, 64, 2664),
          new Shape("influence, a block of samples", false, 4096, 64, 64),
          new Shape("evaluation, scores of all items", false, 512, 17_333, 64),
          new Shape("110M LLaMA, projection", false, 1024, 768, 768),
          new Shape("110M LLaMA, up", false, 1024, 2048, 768),
          new Shape("110M LLaMA, down", false, 1024, 768, 2048),
          new Shape("110M LLaMA, head", false, 512, 32_000, 768));

  private Products() {}

  /** Prints one table for each number of threads. */
  static void print(PrintStream out, int threads) {
    out.printf(
        "%-38s %7s %16s %9s %9s %6s%n",
        "product", "threads", "m, n, k", "OpenBLAS", "engine", "ratio");
    for (int count : threads == 1 ? new int[] {1} : new int[] {1, threads}) {
      try (Backend backend = new NativeBackend(NativeBackend.Device.CPU, count)) {
        OpenblasThreads.set(count); // after the backend, which sets one
        SHAPES.forEach(shape -> line(out, backend, count, shape));
      } finally {
        OpenblasThreads.set(1);
      }
    }
    out.println("GFLOP/s, medians of " + TRIES + " tries in turn");
  }

  private static void line(PrintStream out, Backend backend, int threads, Shape shape) {
    int[] a = shape.sumsOverRows() ? of(shape.k(), shape.m()) : of(shape.m(), shape.k());
    int[] b = shape.sumsOverRows() ? of(shape.k(), shape.n()) : of(shape.n(), shape.k());
    long bytes = 4L * (a[0] * (long) a[1] + b[0] * (long) b[1] + shape.m() * (long) shape.n());
    try (Workspace work = backend.workspace(bytes + 4096)) {
      Tensor left = filled(work, a, 1);
      Tensor right = filled(work, b, 2);
      Tensor own = work.f32(shape.m(), shape.n());
      try (FloatPointer x = new FloatPointer(left.floats());
          FloatPointer y = new FloatPointer(right.floats());
          FloatPointer z = new FloatPointer((long) shape.m() * shape.n())) {
        Runnable engine =
            () -> {
              backend.gemm(shape.sumsOverRows(), !shape.sumsOverRows(), 1, left, right, 0, own);
              backend.sync();
            };
        Runnable blas = () -> openblas(shape, x, a[1], y, b[1], z);
        int calls = (int) Math.max(1, TRY_SECONDS / (shape.flop() / 5e10));
        double[] ours = new double[TRIES];
        double[] theirs = new double[TRIES];
        for (int i = 0; i < TRIES; i++) {
          ours[i] = seconds(engine, calls);
          theirs[i] = seconds(blas, calls);
        }
        same(shape, own, z);
        double mine = shape.flop() / median(ours) * 1e-9;
        double other = shape.flop() / median(theirs) * 1e-9;
        out.printf(
            Locale.ROOT,
            "%-38s %7d %16s %9.1f %9.1f %6.2f%n",
            shape.what(),
            threads,
            shape.m() + ", " + shape.n() + ", " + shape.k(),
            other,
            mine,
            mine / other);
      }
    }
  }

  private static int[] of(int rows, int columns) {
    return new int[] {rows, columns};
  }

  private static Tensor filled(Workspace work, int[] shape, long seed) {
    Tensor tensor = work.f32(shape[0], shape[1]);
    Random random = new Random(seed);
    float[] values = new float[shape[0] * shape[1]];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    tensor.write(values);
    return tensor;
  }

  private static void openblas(
      Shape shape, FloatPointer a, int lda, FloatPointer b, int ldb, FloatPointer c) {
    openblas.cblas_sgemm(
        openblas.CblasRowMajor,
        shape.sumsOverRows() ? openblas.CblasTrans : openblas.CblasNoTrans,
        shape.sumsOverRows() ? openblas.CblasNoTrans : openblas.CblasTrans,
        shape.m(),
        shape.n(),
        shape.k(),
        1,
        a,
        lda,
        b,
        ldb,
        0,
        c,
        shape.n());
  }

  /** Both sum k products of two standard normal numbers. */
  private static void same(Shape shape, Tensor own, FloatPointer other) {
    float[] values = own.floats();
    double bound = 8 * Math.sqrt(shape.k()) * shape.k() * 0x1p-24;
    for (int i = 0; i < values.length; i++) {
      double difference = Math.abs(values[i] - MemoryUtil.memGetFloat(other.address() + 4L * i));
      if (!(difference <= bound)) {
        throw new IllegalStateException(shape + " differs at " + i + " by " + difference);
      }
    }
  }

  /** After so long at work that the other side's threads no longer spin while they wait. */
  private static double seconds(Runnable work, int calls) {
    long settled = System.nanoTime() + SETTLING;
    while (System.nanoTime() < settled) {
      work.run();
    }
    long start = System.nanoTime();
    for (int i = 0; i < calls; i++) {
      work.run();
    }
    return (System.nanoTime() - start) * 1e-9 / calls;
  }

  private static double median(double[] values) {
    Arrays.sort(values);
    return values[values.length / 2];
  }
}
