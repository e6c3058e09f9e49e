// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static org.bytedeco.cuda.global.cublas.*;

import org.bytedeco.cuda.cublas.cublasLtMatrixLayoutOpaque_t;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/** The layout of a column-major operand, told to cuBLAS where it changes. */
final class CublasLayout implements AutoCloseable {
  private final cublasLtMatrixLayoutOpaque_t layout;
  private final LongPointer wide = new LongPointer(1);
  private final IntPointer narrow = new IntPointer(1);
  private long rows = 1;
  private long cols = 1;
  private long ld = 1;
  private int batch = 1;
  private long stride;

  /** A layout of elements of a {@code cudaDataType}. */
  CublasLayout(int type) {
    try (PointerPointer<Pointer> made = new PointerPointer<>(1)) {
      int status = cublasLtMatrixLayoutCreate(made, type, rows, cols, ld);
      CublasLibrary.check(status, "cublasLtMatrixLayoutCreate");
      layout = new cublasLtMatrixLayoutOpaque_t(made.get(Pointer.class, 0));
    }
  }

  /** The layout as it was set last. */
  cublasLtMatrixLayoutOpaque_t get() {
    return layout;
  }

  /**
   * Sets the layout of every member of a batch.
   *
   * @param ld elements from one column to the next, at least {@code rows}
   * @param stride elements from one member to the next; without meaning for one
   */
  void set(long rows, long cols, long ld, int batch, long stride) {
    this.rows = put(CUBLASLT_MATRIX_LAYOUT_ROWS, this.rows, rows);
    this.cols = put(CUBLASLT_MATRIX_LAYOUT_COLS, this.cols, cols);
    this.ld = put(CUBLASLT_MATRIX_LAYOUT_LD, this.ld, ld);
    this.stride = put(CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, this.stride, stride);
    if (batch != this.batch) {
      narrow.put(batch);
      put(CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, narrow, Integer.BYTES);
      this.batch = batch;
    }
  }

  private long put(int attribute, long before, long now) {
    if (before != now) {
      wide.put(now);
      put(attribute, wide, Long.BYTES);
    }
    return now;
  }

  private void put(int attribute, Pointer value, int bytes) {
    int status = cublasLtMatrixLayoutSetAttribute(layout, attribute, value, bytes);
    CublasLibrary.check(status, "cublasLtMatrixLayoutSetAttribute " + attribute);
  }

  @Override
  public void close() {
    cublasLtMatrixLayoutDestroy(layout);
    wide.close();
    narrow.close();
  }
}
