// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static org.bytedeco.cuda.global.cublas.*;

import dev.coppice.backend.CublasAlgorithms.Problem;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.cublas.cublasLtMatmulAlgo_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulDescOpaque_t;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/**
 * Products by cuBLASLt, in its terms (column-major): for every member of a batch {@code d = alpha
 * op(a) op(b) + beta c}; a and b of one type, c and d float32, sums in float32.
 *
 * <p>The algorithm, and with it the tile, is chosen once for each {@link Form}, which may leave the
 * number of columns open: then a column's bits do not depend on how many there are.
 */
final class CublasMatmul implements AutoCloseable {
  /** Columns for which an algorithm is chosen where the form leaves them open. */
  private static final int OPEN_COLUMNS = 4096;

  /** Members of a batch for which an algorithm is chosen. */
  private static final int OPEN_BATCH = 8;

  /**
   * What an algorithm is chosen for: {@code op(a)} is (rows, inner), {@code op(b)} (inner,
   * columns).
   *
   * @param columns of b and c, or 0: any number
   * @param inner extent, or more where calls differ in it
   * @param batched whether there may be several members
   * @param alignment in bytes of every operand and of its columns: a power of two, at most 16
   */
  record Form(
      boolean transA,
      boolean transB,
      int rows,
      int columns,
      int inner,
      int ldA,
      int ldB,
      int ldC,
      boolean batched,
      int alignment) {}

  /**
   * Elements from one member of a batch to the next in a, b and d.
   *
   * @param members how many; where there are several, c is d
   */
  record Batch(int members, long a, long b, long d) {
    static final Batch ONE = new Batch(1, 0, 0, 0);
  }

  private final cublasLtContext handle = new cublasLtContext();
  private final cublasLtMatmulDescOpaque_t desc;
  private final CublasLayout layoutA;
  private final CublasLayout layoutB;
  private final CublasLayout layoutC; // of d too
  private final Problem problem;
  private final CublasAlgorithms choice = new CublasAlgorithms();
  private final Map<Form, cublasLtMatmulAlgo_t> algorithms = new HashMap<>();
  private final IntPointer operation = new IntPointer(1);
  private final FloatPointer alpha = new FloatPointer(1);
  private final FloatPointer beta = new FloatPointer(1);
  private final Address a = new Address();
  private final Address b = new Address();
  private final Address c = new Address();
  private final Address d = new Address();
  private final Stream stream = new Stream();
  private boolean transA;
  private boolean transB;

  /**
   * Opens cuBLAS on the current GPU; the library must be loaded.
   *
   * @param inputs type of a and b, F32 or BF16
   * @param precision to which F32 inputs are rounded
   * @throws UnsupportedOperationException if it refuses this machine
   */
  CublasMatmul(DType inputs, Precision precision) {
    CublasLibrary.check(
        cublasLtCreate(handle),
        "cuBLAS "
            + CublasLibrary.version()
            + " does not start; see coppice doctor whether the driver is of its release: cublasLtCreate");
    int type = inputs == DType.BF16 ? cudart.CUDA_R_16BF : cudart.CUDA_R_32F;
    layoutA = new CublasLayout(type);
    layoutB = new CublasLayout(type);
    layoutC = new CublasLayout(cudart.CUDA_R_32F);
    int compute = inputs == DType.BF16 ? CUBLAS_COMPUTE_32F : compute(precision);
    try (PointerPointer<Pointer> made = new PointerPointer<>(1)) {
      int status = cublasLtMatmulDescCreate(made, compute, cudart.CUDA_R_32F);
      CublasLibrary.check(status, "cublasLtMatmulDescCreate");
      desc = new cublasLtMatmulDescOpaque_t(made.get(Pointer.class, 0));
    }
    problem = new Problem(handle, desc, layoutA.get(), layoutB.get(), layoutC.get());
  }

  private static int compute(Precision precision) {
    return switch (precision) {
      case FP32 -> CUBLAS_COMPUTE_32F;
      case TF32 -> CUBLAS_COMPUTE_32F_FAST_TF32;
      case BF16 -> CUBLAS_COMPUTE_32F_FAST_16BF;
    };
  }

  /** Sets the operands of the next calls, as addresses; c is not read where beta is 0. */
  CublasMatmul operands(long a, long b, long c, long d) {
    this.a.set(a);
    this.b.set(b);
    this.c.set(c);
    this.d.set(d);
    return this;
  }

  /**
   * Queues a product of the operands on a stream.
   *
   * @param columns of b and c
   * @param inner extent, at most the form's
   */
  void queue(long queue, Form form, int columns, int inner, Batch batch, float alpha, float beta) {
    cublasLtMatmulAlgo_t algorithm = algorithms.computeIfAbsent(form, this::choose);
    describe(form, columns, inner, batch);
    stream.set(queue);
    this.alpha.put(alpha);
    this.beta.put(beta);
    int status =
        cublasLtMatmul(
            handle,
            desc,
            this.alpha,
            a,
            layoutA.get(),
            b,
            layoutB.get(),
            this.beta,
            c,
            layoutC.get(),
            d,
            layoutC.get(),
            algorithm,
            null,
            0,
            stream);
    CublasLibrary.check(
        status, "cublasLtMatmul " + form + ", columns " + columns + ", inner " + inner);
  }

  private cublasLtMatmulAlgo_t choose(Form form) {
    int columns = form.columns == 0 ? OPEN_COLUMNS : form.columns;
    Batch several =
        new Batch(
            OPEN_BATCH,
            (long) form.rows * form.inner,
            (long) form.inner * columns,
            (long) form.rows * columns);
    describe(form, columns, form.inner, form.batched ? several : Batch.ONE);
    int found = choice.find(problem, form.alignment);
    describe(form, form.columns == 0 ? 1 : columns, form.inner, Batch.ONE);
    for (int i = 0; i < found; i++) {
      cublasLtMatmulAlgo_t algorithm = choice.take(i, problem);
      if (algorithm != null) {
        return algorithm;
      }
    }
    throw new UnsupportedOperationException(
        "cuBLAS "
            + CublasLibrary.version()
            + " has no algorithm that sums in one piece without a workspace for "
            + form);
  }

  private void describe(Form form, int columns, int inner, Batch batch) {
    transA = transpose(CUBLASLT_MATMUL_DESC_TRANSA, transA, form.transA);
    transB = transpose(CUBLASLT_MATMUL_DESC_TRANSB, transB, form.transB);
    layoutA.set(
        form.transA ? inner : form.rows,
        form.transA ? form.rows : inner,
        form.ldA,
        batch.members,
        batch.a);
    layoutB.set(
        form.transB ? columns : inner,
        form.transB ? inner : columns,
        form.ldB,
        batch.members,
        batch.b);
    layoutC.set(form.rows, columns, form.ldC, batch.members, batch.d);
  }

  private boolean transpose(int attribute, boolean before, boolean now) {
    if (before != now) {
      operation.put(now ? CUBLAS_OP_T : CUBLAS_OP_N);
      int status = cublasLtMatmulDescSetAttribute(desc, attribute, operation, Integer.BYTES);
      CublasLibrary.check(status, "cublasLtMatmulDescSetAttribute " + attribute);
    }
    return now;
  }

  @Override
  public void close() {
    algorithms.values().forEach(Pointer::close);
    choice.close();
    layoutA.close();
    layoutB.close();
    layoutC.close();
    cublasLtMatmulDescDestroy(desc);
    operation.close();
    alpha.close();
    beta.close();
    cublasLtDestroy(handle);
  }

  /** Device memory, which JavaCPP must neither read nor free. */
  private static final class Address extends Pointer {
    void set(long where) {
      address = where;
    }
  }

  /** The stream of the native context. */
  private static final class Stream extends CUstream_st {
    void set(long where) {
      address = where;
    }
  }
}
