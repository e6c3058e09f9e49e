// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static dev.coppice.backend.nativelib.Coppice.*;

import dev.coppice.backend.SurrogateOps.Adam;
import org.lwjgl.system.MemoryUtil;

/**
 * Operations recorded once and replayed by one call each: for devices on which every call has its
 * price. A replay works on the same tensors; what differs from one to the next lies in them, among
 * them a <em>step</em>, an I32 tensor of {@link #STEP_SIZE} elements: how many rows count, the step
 * of {@link Dropout}, and what {@link SurrogateOps#adamStep} needs of its number.
 */
public final class Graphs {
  /** Elements of a step; the first two are 0 and the rows: offsets of one segment. */
  public static final int STEP_SIZE = 5;

  private final NativeBackend backend;
  private int open;

  Graphs(NativeBackend backend) {
    this.backend = backend;
  }

  /** What was recorded. */
  public final class Graph implements AutoCloseable {
    private final long address;
    private boolean closed;

    private Graph(long address) {
      this.address = address;
      open++;
    }

    /**
     * Queues it all; the tensors must still be open.
     *
     * @throws IllegalStateException if it is closed
     */
    public void launch() {
      if (closed) {
        throw new IllegalStateException("the graph is closed");
      }
      NativeBackend.check(cop_graph_launch(backend.context(), address));
    }

    /** Frees it, before its backend closes. Idempotent. */
    @Override
    public void close() {
      if (!closed) {
        closed = true;
        open--;
        NativeBackend.check(cop_graph_free(backend.context(), address));
      }
    }
  }

  /** Graphs that have not been closed. */
  int open() {
    return open;
  }

  /**
   * Sets a step for what is queued from now on.
   *
   * @param step I32, {@link #STEP_SIZE} elements
   * @param rows that count, 0 or more
   * @param number of the optimizer step, from 1
   */
  public void write(Tensor step, int rows, long number, Adam adam) {
    NativeBackend.check(
        cop_step_write(
            backend.context(), in(step), rows, number, adam.lr(), adam.beta1(), adam.beta2()));
  }

  /**
   * Runs operations that take from a step, when they are done, how many of their T rows count, and
   * the number of the optimizer step; what they are given of it is ignored. Results are those of
   * the same operations over that many rows, bit for bit; outputs are 0 in the other rows.
   * Attention goes by its offsets: samples behind the last are empty. In matrix products all rows
   * count: those of 0 give 0, and add nothing.
   *
   * @param capacity T of every operation over rows, at least the step's rows
   * @throws IllegalArgumentException if an operation has another T
   * @throws UnsupportedOperationException if an operation over rows does not count them
   */
  public void counted(Tensor step, int capacity, Runnable operations) {
    backend.useStep(capacity, in(step));
    try {
      operations.run();
    } finally {
      backend.useStep(0, 0);
    }
  }

  /**
   * Records operations instead of doing them. They must have been done once before, with the same
   * sizes, so that all memory they need is there.
   *
   * @throws IllegalArgumentException if they wait, allocate or free, as do reads and writes of
   *     tensors
   */
  public Graph record(Runnable operations) {
    long out = MemoryUtil.nmemAllocChecked(8);
    try {
      backend.beginGraph();
      boolean done = false;
      try {
        operations.run();
        done = true;
      } finally {
        int status = cop_graph_end(backend.context(), out);
        if (!done && status == 0) {
          NativeBackend.check(cop_graph_free(backend.context(), MemoryUtil.memGetLong(out)));
        } else if (done) {
          NativeBackend.check(status);
        }
      }
      return new Graph(MemoryUtil.memGetLong(out));
    } finally {
      MemoryUtil.nmemFree(out);
    }
  }

  private long in(Tensor step) {
    if (step.dtype() != DType.I32 || step.size() != STEP_SIZE) {
      throw new IllegalArgumentException(
          "a step has " + STEP_SIZE + " elements of I32, not " + step);
    }
    return backend.in(step);
  }
}
