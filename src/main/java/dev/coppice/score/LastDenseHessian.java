// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.InfluenceOps;
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
  private static final int DENSE_CHUNK = 4096;

  private final Backend backend;
  private final TailBatches batches;
  private final Curvature curvature;
  private final int width;
  private Tensors tensors;

  private record Tensors(Tensor probe, Tensor result) {
    static Tensors of(Allocator a, int d) {
      return new Tensors(a.f32(d, d), a.f32(d, d));
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
    tensors = Tensors.of(allocator, width);
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
    return new LastDenseSamples(backend, batches, curvature, width, this::product);
  }

  private double[] product(int[] batch, double[] v) {
    tensors.probe().write(v);
    double[] sum = new double[size()];
    for (int number : batch) {
      addProduct(batches.sample(number), sum);
    }
    return divided(sum, batch.length);
  }

  private void addProduct(TailState state, double[] sum) {
    batches.tail().product(state, tensors.probe(), curvature, tensors.result());
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
   * The whole matrix, (P,P) row-major, symmetric: {@code H[(a,i),(b,j)] = (1/N) sum_t M_t[a,b]
   * x_t[i] x_t[j]}. M_t and {@code x_t x_t^T} are symmetric, so the products of the lower triangles
   * of the two give every entry.
   */
  double[] dense() {
    int chunk = Math.min(DENSE_CHUNK, batches.capacity());
    int triangle = Math.toIntExact(InfluenceOps.triangle(width));
    double[] sum = new double[Math.multiplyExact(triangle, triangle)];
    try (Workspace room =
        backend.workspace(Workspace.plan(backend, a -> Dense.of(a, chunk, triangle)))) {
      Dense dense = Dense.of(room, chunk, triangle);
      for (int m = 0; m < batches.count(); m++) {
        TailState state = batches.state(m);
        for (int from = 0; from < state.positionCount(); from += chunk) {
          int count = Math.min(chunk, state.positionCount() - from);
          addDense(state.rows(from, count), dense, sum);
        }
      }
    }
    return unpacked(divided(sum, batches.samples()));
  }

  /** Lower triangles of M_t and of {@code x_t x_t^T}, and the sum of their products. */
  private record Dense(Tensor curvature, Tensor square, Tensor product) {
    static Dense of(Allocator a, int t, int triangle) {
      return new Dense(a.f32(t, triangle), a.f32(t, triangle), a.f32(triangle, triangle));
    }
  }

  private void addDense(TailState state, Dense dense, double[] sum) {
    int count = state.positionCount();
    Tensor packed = dense.curvature().rows(0, count);
    Tensor square = dense.square().rows(0, count);
    batches.tail().curvature(state, curvature, packed);
    backend.rowSquare(state.x(), square);
    backend.gemm(true, false, 1f, packed, square, 0f, dense.product());
    add(dense.product().doubles(), sum);
  }

  /** Each entry from the one that stands for it and its mirrors. */
  private double[] unpacked(double[] packed) {
    int triangle = Math.toIntExact(InfluenceOps.triangle(width));
    double[] dense = new double[Math.multiplyExact(size(), size())];
    for (int a = 0; a < width; a++) {
      for (int i = 0; i < width; i++) {
        int row = (a * width + i) * size();
        for (int b = 0; b < width; b++) {
          int from = place(a, b) * triangle;
          for (int j = 0; j < width; j++) {
            dense[row + b * width + j] = packed[from + place(i, j)];
          }
        }
      }
    }
    return dense;
  }

  /** Where the lower triangle, column after column, has the entry (i,j) or (j,i). */
  private int place(int i, int j) {
    int column = Math.min(i, j);
    return column * width - column * (column - 1) / 2 + Math.abs(i - j);
  }
}
