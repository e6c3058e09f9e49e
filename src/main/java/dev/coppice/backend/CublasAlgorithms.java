// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static org.bytedeco.cuda.global.cublas.*;

import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.cublas.cublasLtMatmulAlgo_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulDescOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulHeuristicResult_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulPreferenceOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatrixLayoutOpaque_t;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;

/**
 * Asks cuBLAS for algorithms, the fastest first by its own estimate. Those that split the inner
 * extent, or need a workspace, in which blocks would meet, are not taken: the order of a sum would
 * depend on more than its length.
 */
final class CublasAlgorithms implements AutoCloseable {
  private static final int CANDIDATES = 16;
  private static final int[] ALIGNMENTS = {
    CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES,
    CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
    CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES,
    CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES
  };

  /** What is multiplied; the layout of c is that of the result too. */
  record Problem(
      cublasLtContext handle,
      cublasLtMatmulDescOpaque_t desc,
      cublasLtMatrixLayoutOpaque_t a,
      cublasLtMatrixLayoutOpaque_t b,
      cublasLtMatrixLayoutOpaque_t c) {}

  private final cublasLtMatmulPreferenceOpaque_t preference;
  private final cublasLtMatmulHeuristicResult_t candidates =
      new cublasLtMatmulHeuristicResult_t(CANDIDATES);
  private final cublasLtMatmulHeuristicResult_t checked = new cublasLtMatmulHeuristicResult_t(1);
  private final IntPointer number = new IntPointer(1);
  private final SizeTPointer written = new SizeTPointer(1);

  CublasAlgorithms() {
    try (PointerPointer<Pointer> made = new PointerPointer<>(1);
        LongPointer none = new LongPointer(new long[] {0})) {
      CublasLibrary.check(cublasLtMatmulPreferenceCreate(made), "cublasLtMatmulPreferenceCreate");
      preference = new cublasLtMatmulPreferenceOpaque_t(made.get(Pointer.class, 0));
      prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, none, Long.BYTES);
      number.put(CUBLASLT_REDUCTION_SCHEME_NONE);
      prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, number, Integer.BYTES);
    }
  }

  private void prefer(int attribute, Pointer value, int bytes) {
    int status = cublasLtMatmulPreferenceSetAttribute(preference, attribute, value, bytes);
    CublasLibrary.check(status, "cublasLtMatmulPreferenceSetAttribute " + attribute);
  }

  /**
   * Finds candidates for a problem.
   *
   * @param alignment in bytes of every operand
   * @return how many there are
   */
  int find(Problem problem, int alignment) {
    number.put(alignment);
    for (int attribute : ALIGNMENTS) {
      prefer(attribute, number, Integer.BYTES);
    }
    int status =
        cublasLtMatmulAlgoGetHeuristic(
            problem.handle,
            problem.desc,
            problem.a,
            problem.b,
            problem.c,
            problem.c,
            preference,
            CANDIDATES,
            candidates.position(0),
            number);
    if (status == CUBLAS_STATUS_NOT_SUPPORTED) {
      return 0;
    }
    CublasLibrary.check(status, "cublasLtMatmulAlgoGetHeuristic");
    return number.get();
  }

  /**
   * A copy of a candidate, which the caller closes; null if it splits the sum, or if another
   * problem, of fewer columns or members, cannot be done with it.
   */
  cublasLtMatmulAlgo_t take(int candidate, Problem other) {
    candidates.position(candidate);
    cublasLtMatmulAlgo_t algorithm = candidates.algo();
    boolean whole =
        candidates.state() == CUBLAS_STATUS_SUCCESS
            && candidates.workspaceSize() == 0
            && pieces(algorithm) <= 1;
    if (!whole || !does(algorithm, other)) {
      return null;
    }
    cublasLtMatmulAlgo_t copy = new cublasLtMatmulAlgo_t();
    Pointer.memcpy(copy, algorithm, copy.sizeof());
    return copy;
  }

  private int pieces(cublasLtMatmulAlgo_t algorithm) {
    int status =
        cublasLtMatmulAlgoConfigGetAttribute(
            algorithm, CUBLASLT_ALGO_CONFIG_SPLITK_NUM, number, Integer.BYTES, written);
    CublasLibrary.check(status, "cublasLtMatmulAlgoConfigGetAttribute");
    return number.get();
  }

  private boolean does(cublasLtMatmulAlgo_t algorithm, Problem problem) {
    int status =
        cublasLtMatmulAlgoCheck(
            problem.handle,
            problem.desc,
            problem.a,
            problem.b,
            problem.c,
            problem.c,
            algorithm,
            checked);
    return status == CUBLAS_STATUS_SUCCESS && checked.workspaceSize() == 0;
  }

  @Override
  public void close() {
    cublasLtMatmulPreferenceDestroy(preference);
    candidates.position(0).close();
    checked.close();
    number.close();
    written.close();
  }
}
