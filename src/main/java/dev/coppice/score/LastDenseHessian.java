// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;
import dev.coppice.backend.Workspace;
import dev.coppice.model.Curvature;
import dev.coppice.model.TailState;
import dev.coppice.solve.BatchHessian;
import dev.coppice.solve.HessianProduct;

/**
 * Mean gradient and curvature of the sample losses in the last block's attention output weight W
 * (D,D): {@code g = (1/N) sum_t delta_t x_t^T} and {@code H = (1/N) sum_t M_t (x) x_t x_t^T}, with
 * delta and M under each sample's own mean loss.
 *
 * <p>The products of a macro-batch are float32 on the device; macro-batches add up in float64.
 */
final class LastDenseHessian implements HessianProduct {
  private static final int DENSE_CHUNK = 2048;

  private final Backend backend;
  private final TailBatches batches;
  private final Curvature curvature;
  private final int width;
  private Tensors tensors;

  private record Tensors(Tensor probe, Tensor sDot, Tensor deltaDot, Tensor result) {
    static Tensors of(Allocator a, int t, int d) {
      return new Tensors(a.f32(d, d), a.f32(t, d), a.f32(t, d), a.f32(d, d));
    }
  }

  /** {@link #layout} must follow. */
  LastDenseHessian(Backend backend, TailBatches batches, Curvature curvature, int width) {
    this.backend = backend;
    this.batches = batches;
    this.curvature = curvature;
    this.width = width;
  }

  /** Takes its tensors; called once to count and once more with memory. */
  void layout(Allocator allocator) {
    tensors = Tensors.of(allocator, batches.capacity(), width);
  }

  @Override
  public int size() {
    return width * width;
  }

  /** Mean gradient over all samples, (P), row-major (D out, D in). */
  double[] meanGradient() {
    double[] sum = new double[size()];
    for (int m = 0; m < batches.count(); m++) {
      TailBatches.Evaluated batch = batches.evaluated(m);
      backend.gemm(true, false, 1f, batch.delta(), batch.state().x(), 0f, tensors.result());
      add(tensors.result().doubles(), sum);
    }
    return divided(sum, batches.samples());
  }

  @Override
  public double[] product(double[] v) {
    tensors.probe().write(v);
    double[] sum = new double[size()];
    for (int m = 0; m < batches.count(); m++) {
      addProduct(batches.state(m), sum);
    }
    return divided(sum, batches.samples());
  }

  /** The same for mini-batches of samples, by their number among the scorable ones. */
  BatchHessian ofSamples() {
    return new BatchHessian() {
      @Override
      public int samples() {
        return batches.samples();
      }

      @Override
      public double[] product(int[] batch, double[] v) {
        tensors.probe().write(v);
        double[] sum = new double[size()];
        for (int number : batch) {
          addProduct(batches.sample(number), sum);
        }
        return divided(sum, batch.length);
      }
    };
  }

  private void addProduct(TailState state, double[] sum) {
    Tensor sDot = tensors.sDot().rows(0, state.positionCount());
    Tensor deltaDot = tensors.deltaDot().rows(0, state.positionCount());
    backend.gemm(false, true, 1f, state.x(), tensors.probe(), 0f, sDot);
    batches.tail().tangent(state, sDot, curvature, deltaDot);
    backend.gemm(true, false, 1f, deltaDot, state.x(), 0f, tensors.result());
    add(tensors.result().doubles(), sum);
  }

  private static void add(double[] values, double[] sum) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += values[i];
    }
  }

  private static double[] divided(double[] sum, int divisor) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] /= divisor;
    }
    return sum;
  }

  /**
   * The whole matrix, (P,P) row-major, symmetric: D tangents of each position give the columns of
   * M_t, and their products with {@code x_t x_t^T} the blocks of rows.
   */
  double[] dense() {
    int chunk = Math.min(DENSE_CHUNK, batches.capacity());
    try (Workspace room =
        backend.workspace(Workspace.plan(backend, a -> Dense.of(a, chunk, width)))) {
      Dense dense = Dense.of(room, chunk, width);
      double[] identity = new double[size()];
      for (int i = 0; i < width; i++) {
        identity[i * width + i] = 1;
      }
      dense.identity().write(identity);
      double[] sum = new double[Math.multiplyExact(size(), size())];
      for (int m = 0; m < batches.count(); m++) {
        TailState state = batches.state(m);
        for (int from = 0; from < state.positionCount(); from += chunk) {
          int count = Math.min(chunk, state.positionCount() - from);
          addDense(state.rows(from, count), dense, sum);
        }
      }
      symmetrise(divided(sum, batches.samples()), size());
      return sum;
    }
  }

  private record Dense(Tensor identity, Tensor outer, Tensor block) {
    static Dense of(Allocator a, int t, int d) {
      return new Dense(a.f32(d, d), a.f32(t, d * d), a.f32(d, d * d));
    }
  }

  private void addDense(TailState state, Dense dense, double[] sum) {
    int count = state.positionCount();
    Tensor sDot = tensors.sDot().rows(0, count);
    Tensor deltaDot = tensors.deltaDot().rows(0, count);
    Tensor outer = dense.outer().rows(0, count);
    backend.rowOuter(state.x(), state.x(), outer);
    for (int column = 0; column < width; column++) {
      backend.fill(sDot, 0f);
      backend.biasForward(dense.identity().rows(column, 1).reshape(width), sDot);
      batches.tail().tangent(state, sDot, curvature, deltaDot);
      backend.gemm(true, false, 1f, deltaDot, outer, 0f, dense.block());
      scatterBlock(dense.block().doubles(), column, sum);
    }
  }

  /** {@code H[(column,i),(o,j)] += block[o,(i,j)]}; M_t and x x^T are symmetric. */
  private void scatterBlock(double[] block, int column, double[] sum) {
    for (int o = 0; o < width; o++) {
      for (int i = 0; i < width; i++) {
        int from = (o * width + i) * width;
        int to = (column * width + i) * size() + o * width;
        for (int j = 0; j < width; j++) {
          sum[to + j] += block[from + j];
        }
      }
    }
  }

  private static void symmetrise(double[] a, int n) {
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < i; j++) {
        double mean = 0.5 * (a[i * n + j] + a[j * n + i]);
        a[i * n + j] = mean;
        a[j * n + i] = mean;
      }
    }
  }
}
