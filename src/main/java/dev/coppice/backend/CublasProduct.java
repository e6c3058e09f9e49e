// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static dev.coppice.backend.nativelib.Coppice.*;

import dev.coppice.backend.CublasMatmul.Batch;
import dev.coppice.backend.CublasMatmul.Form;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.lwjgl.system.MemoryUtil;

/**
 * {@link CoreOps#gemm} by cuBLAS on the stream of a native context.
 *
 * <p>Row-major matrices are what cuBLAS calls the transposes of column-major ones, so it computes
 * {@code c^T = op(b)^T op(a)^T}: its first operand is b, its columns are the rows of c. Where a is
 * transposed, as in the gradient of a weight, the inner extent counts positions and may be long
 * while c is small: it is cut into pieces of one length, which are added in their order, so many
 * together as the size of c says. Positions of 0 behind the last then change nothing. cuBLAS
 * multiplies matrices of one type: where b is BF16 or F16 it is widened first, exactly, a slab at a
 * time; or, in the precision BF16, a is rounded to BF16 where b is.
 */
final class CublasProduct implements AutoCloseable {

  /**
   * Extents at which a product is cut, and with it the memory that it takes.
   *
   * @param slab elements that are widened or rounded at a time, at least a row
   * @param piece length of a piece of the inner extent, where that is cut
   * @param partials elements of the results of pieces that are summed together
   */
  record Limits(long slab, int piece, long partials) {
    static final Limits DEFAULT = new Limits(1 << 24, 512, 1 << 24);
  }

  /** A product of float32, b and c perhaps a part of the caller's; row-major. */
  private record Part(
      boolean transA,
      boolean transB,
      int m,
      int n,
      int k,
      float alpha,
      long a,
      int ldA,
      long b,
      float beta,
      long c,
      int ldC) {}

  private final long context;
  private final Precision precision;
  private final Limits limits;
  private final CublasMatmul matmul;
  private final CublasMatmul halves; // BF16 by BF16; null in other precisions
  private final Scratch converted = new Scratch();
  private final Scratch partials = new Scratch();
  private int stepCapacity;
  private long step; // in use, or 0
  private boolean recorded; // a graph may use what the scratches hold

  /**
   * Opens cuBLAS; the library must be loaded.
   *
   * @param context a {@code cop_context} with a stream; stays open until this is closed
   * @throws UnsupportedOperationException if cuBLAS refuses this machine
   */
  CublasProduct(long context, Precision precision, Limits limits) {
    this.context = context;
    this.precision = precision;
    this.limits = limits;
    matmul = new CublasMatmul(DType.F32, precision);
    halves = precision == Precision.BF16 ? new CublasMatmul(DType.BF16, precision) : null;
  }

  /** The library and how it rounds. */
  String description() {
    String version = "cuBLAS " + CublasLibrary.version();
    return precision == Precision.FP32
        ? version
        : version + " in " + precision.name().toLowerCase(Locale.ROOT);
  }

  /** Device memory that is kept for later products, in bytes. */
  long heldBytes() {
    return converted.heldBytes() + partials.heldBytes();
  }

  /** The product of matrices at addresses, whose shapes are checked; m, n and k as for gemm. */
  void multiply(
      boolean transA,
      boolean transB,
      int m,
      int n,
      int k,
      float alpha,
      long a,
      long b,
      DType bType,
      float beta,
      long c) {
    if (m == 0 || n == 0) {
      return;
    }
    if (k == 0) {
      scale(beta, c, (long) m * n);
      return;
    }
    int ldA = transA ? m : k;
    Part whole = new Part(transA, transB, m, n, k, alpha, a, ldA, b, beta, c, n);
    if (bType == DType.F32) {
      multiply(whole);
    } else if (bType == DType.BF16 && halves != null && !transA) {
      roundAndMultiply(whole);
    } else {
      widenAndMultiply(whole, bType);
    }
  }

  private void scale(float beta, long c, long count) {
    if (beta == 0) {
      NativeBackend.check(cop_fill(context, c, 0, count));
    } else if (beta != 1) {
      long copy = partials.floats(count);
      NativeBackend.check(cop_copy(context, copy, c, Float.BYTES * count));
      NativeBackend.check(cop_fill(context, c, 0, count));
      NativeBackend.check(cop_axpy(context, count, beta, copy, c));
    }
  }

  /** Slabs of rows of a, and so of c. */
  private void roundAndMultiply(Part p) {
    int step = (int) Math.max(1, Math.min(p.m, limits.slab / p.k));
    int ldB = p.transB ? p.k : p.n;
    for (int from = 0; from < p.m; from += step) {
      int count = Math.min(step, p.m - from);
      long rounded = converted.bytes((long) DType.BF16.bytes() * step * p.k);
      long a = p.a + (long) Float.BYTES * from * p.k;
      long c = p.c + (long) Float.BYTES * from * p.n;
      NativeBackend.check(cop_round_bf16(context, (long) count * p.k, a, rounded));
      long places =
          rounded | p.b | c | DType.BF16.bytes() * (p.k | (long) ldB) | Float.BYTES * (long) p.n;
      Form form = new Form(p.transB, false, p.n, 0, p.k, ldB, p.k, p.n, false, alignment(places));
      halves
          .operands(p.b, rounded, c, c)
          .queue(stream(), form, count, p.k, Batch.ONE, p.alpha, p.beta);
    }
  }

  /** Slabs of rows of b: of columns of c where b is transposed, of the inner extent where not. */
  private void widenAndMultiply(Part p, DType type) {
    int rows = p.transB ? p.n : p.k;
    int width = p.transB ? p.k : p.n;
    int step = (int) Math.max(1, Math.min(rows, limits.slab / width));
    for (int from = 0; from < rows; from += step) {
      int count = Math.min(step, rows - from);
      long floats = converted.floats((long) step * width);
      long source = p.b + (long) from * width * type.bytes();
      NativeBackend.check(cop_convert(context, (long) count * width, source, type.code, floats));
      multiply(
          p.transB
              ? new Part(
                  p.transA,
                  true,
                  p.m,
                  count,
                  p.k,
                  p.alpha,
                  p.a,
                  p.ldA,
                  floats,
                  p.beta,
                  p.c + (long) Float.BYTES * from,
                  p.ldC)
              : new Part(
                  p.transA,
                  false,
                  p.m,
                  p.n,
                  count,
                  p.alpha,
                  p.a + (long) Float.BYTES * from * (p.transA ? p.ldA : 1),
                  p.ldA,
                  floats,
                  from == 0 ? p.beta : 1,
                  p.c,
                  p.ldC));
    }
  }

  private void multiply(Part p) {
    int together = together(p);
    if (together > 1 && p.k > limits.piece) {
      int pieces = ceilDiv(p.k, limits.piece);
      for (int from = 0; from < pieces; from += together) {
        int count = Math.min(together, pieces - from);
        multiplyPieces(p, from, count, from == 0 ? p.beta : 1);
      }
    } else {
      // Batches differ in positions: not each of their numbers is another form, and one piece is
      // multiplied as those of a longer sum are.
      int inner = p.transA && !p.transB ? limits.piece * ceilDiv(p.k, limits.piece) : p.k;
      Form form = form(p, inner, together > 1, p.c);
      matmul
          .operands(p.b, p.a, p.c, p.c)
          .queue(stream(), form, p.m, p.k, Batch.ONE, p.alpha, p.beta);
    }
  }

  /** Pieces of the inner extent whose results fit into the partials; 1 where it is not cut. */
  private int together(Part p) {
    boolean cut = p.transA && p.ldC == p.n;
    return cut ? (int) Math.min(1 << 15, limits.partials / ((long) p.m * p.n)) : 1;
  }

  private static int ceilDiv(int a, int b) {
    return (a - 1) / b + 1;
  }

  private static long ceilDiv(long a, long b) {
    return (a + b - 1) / b;
  }

  /** The first piece adds beta c; then the results of all are summed into c in their order. */
  private void multiplyPieces(Part p, int from, int count, float beta) {
    int cells = p.m * p.n;
    int full = Math.min(from + count, p.k / limits.piece);
    long sums = partials.floats((long) cells * count);
    Form form = form(p, limits.piece, true, sums);
    long place = sums - (long) Float.BYTES * cells * from;
    int next = from;
    if (beta != 0) {
      int inner = Math.min(limits.piece, p.k - from * limits.piece);
      queuePieces(p, form, from, 1, inner, beta, p.c, place);
      next++;
    }
    queuePieces(p, form, next, full - next, limits.piece, 0, 0, place);
    next = Math.max(next, full);
    queuePieces(p, form, next, from + count - next, p.k % limits.piece, 0, 0, place);
    sumPieces(count, cells, sums, p.c);
  }

  /** Of pieces all count, whatever a step says of positions. */
  private void sumPieces(int count, int cells, long sums, long c) {
    if (step != 0) {
      NativeBackend.check(cop_step_use(context, 0, 0));
    }
    NativeBackend.check(cop_bias_backward(context, count, cells, sums, c));
    if (step != 0) {
      NativeBackend.check(cop_step_use(context, stepCapacity, step));
    }
  }

  /** Tells what {@code cop_step_use} was told. */
  void stepInUse(int capacity, long address) {
    stepCapacity = capacity;
    step = address;
  }

  /** Keeps to the end whatever memory a graph that is recorded now may work on. */
  void record() {
    recorded = true;
  }

  /**
   * Pieces {@code first .. first + count - 1}, each of {@code inner}, to their places in sums; none
   * where count is not positive.
   */
  private void queuePieces(
      Part p, Form form, int first, int count, int inner, float beta, long c, long sums) {
    if (count <= 0) {
      return;
    }
    long strideA = (long) form.inner() * p.ldA;
    long strideB = p.transB ? form.inner() : (long) form.inner() * p.n;
    long cells = (long) p.m * p.n;
    long a = p.a + Float.BYTES * first * strideA;
    long b = p.b + Float.BYTES * first * strideB;
    long d = sums + Float.BYTES * first * cells;
    matmul
        .operands(b, a, beta == 0 ? d : c, d)
        .queue(
            stream(), form, p.m, inner, new Batch(count, strideB, strideA, cells), p.alpha, beta);
  }

  /** The form in cuBLAS's terms, in which b comes first. Where a is not transposed, m is open. */
  private static Form form(Part p, int inner, boolean batched, long d) {
    int ldB = p.transB ? p.k : p.n;
    long places = p.a | p.b | p.c | d | (long) Float.BYTES * (p.ldA | ldB | p.ldC);
    if (batched) {
      long strides =
          (long) inner * p.ldA | (p.transB ? inner : (long) inner * p.n) | (long) p.m * p.n;
      places |= Float.BYTES * strides;
    }
    return new Form(
        p.transB,
        p.transA,
        p.n,
        p.transA ? p.m : 0,
        inner,
        ldB,
        p.ldA,
        p.ldC,
        batched,
        alignment(places));
  }

  /** The largest power of two up to 16 by which all can be divided whose bits are given. */
  private static int alignment(long places) {
    return (int) Math.min(16, Long.lowestOneBit(places));
  }

  /** Asked for each time, which is where tests let a launch fail. */
  private long stream() {
    long out = MemoryUtil.nmemAllocChecked(8);
    try {
      NativeBackend.check(cop_context_stream(context, out));
      return MemoryUtil.memGetLong(out);
    } finally {
      MemoryUtil.nmemFree(out);
    }
  }

  @Override
  public void close() {
    converted.close();
    partials.close();
    matmul.close();
    if (halves != null) {
      halves.close();
    }
  }

  /** Device memory that grows to what was asked for. */
  private final class Scratch {
    private static final long STEP = 1 << 20; // bytes, so that it rarely grows

    private long address;
    private long bytes;
    private final List<long[]> outgrown = new ArrayList<>(); // address and bytes, of graphs

    long floats(long count) {
      return bytes(Float.BYTES * count);
    }

    long bytes(long least) {
      long wanted = STEP * ceilDiv(least, STEP);
      if (wanted > bytes) {
        if (recorded && bytes > 0) {
          outgrown.add(new long[] {address, bytes});
          bytes = 0;
        }
        free();
        long out = MemoryUtil.nmemAllocChecked(8);
        try {
          NativeBackend.check(cop_alloc(context, wanted, out));
          address = MemoryUtil.memGetLong(out);
          bytes = wanted;
        } finally {
          MemoryUtil.nmemFree(out);
        }
      }
      return address;
    }

    long heldBytes() {
      return bytes + outgrown.stream().mapToLong(block -> block[1]).sum();
    }

    void free() {
      if (bytes > 0) {
        long was = bytes;
        bytes = 0;
        NativeBackend.check(cop_free(context, address, was));
      }
    }

    void close() {
      free();
      outgrown.forEach(block -> NativeBackend.check(cop_free(context, block[0], block[1])));
    }
  }
}
