// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.DType;
import dev.coppice.backend.Tensor;
import dev.coppice.backend.Workspace;
import dev.coppice.model.Curvature;
import dev.coppice.solve.BatchHessian;

/**
 * Curvature of mini-batches of samples in the last block's attention output weight (D,D). LiSSA's
 * recursion runs in float32 on the device, many steps a call; its bits depend neither on how it is
 * cut nor on whether the samples' states are kept.
 */
final class LastDenseSamples implements BatchHessian {
  private final Backend backend;
  private final TailBatches batches;
  private final Curvature curvature;
  private final int width;
  private final Products products;

  /** Of the mean over a mini-batch. */
  interface Products {
    double[] of(int[] batch, double[] v);
  }

  LastDenseSamples(
      Backend backend, TailBatches batches, Curvature curvature, int width, Products products) {
    this.backend = backend;
    this.batches = batches;
    this.curvature = curvature;
    this.width = width;
    this.products = products;
  }

  private record Tensors(Tensor ranges, Tensor g, Tensor h, Tensor norms) {
    static Tensors of(Allocator a, int steps, int batch, int d) {
      return new Tensors(
          a.tensor(DType.I32, steps, batch, 2), a.f32(d, d), a.f32(d, d), a.f32(steps));
    }
  }

  @Override
  public int samples() {
    return batches.samples();
  }

  @Override
  public double[] product(int[] batch, double[] v) {
    return products.of(batch, v);
  }

  @Override
  public double[] recur(int[][] steps, double[] g, double damp, double scale, double[] h) {
    double[] norms = new double[steps.length];
    for (int done = 0; done < steps.length; ) {
      TailBatches.Together samples = batches.together(steps, done);
      double[] part = recur(samples, steps[done].length, g, damp, scale, h);
      System.arraycopy(part, 0, norms, done, part.length);
      done += part.length;
    }
    return norms;
  }

  private double[] recur(
      TailBatches.Together samples, int batch, double[] g, double damp, double scale, double[] h) {
    long bytes = Workspace.plan(backend, a -> Tensors.of(a, samples.steps(), batch, width));
    try (Workspace room = backend.workspace(bytes)) {
      Tensors t = Tensors.of(room, samples.steps(), batch, width);
      t.ranges().write(samples.ranges());
      t.g().write(g);
      t.h().write(h);
      double rate = 1 / (scale * batch);
      batches
          .tail()
          .lissa(samples.state(), curvature, t.ranges(), damp, rate, t.g(), t.h(), t.norms());
      System.arraycopy(t.h().doubles(), 0, h, 0, h.length);
      return t.norms().doubles();
    }
  }
}
