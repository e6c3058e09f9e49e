// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Workspace;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.model.Curvature;
import dev.coppice.model.SurrogateWeights;
import java.util.function.Consumer;

/** The tail of a model with its Hessian, laid out on a backend for the time of a test. */
record TailFixture(Backend backend, TailBatches batches, LastDenseHessian hessian) {
  static final int POSITIONS = 20; // of a block: a few samples each
  static final long CACHE = 1L << 30;

  static void with(
      Backend backend,
      SurrogateWeights weights,
      SurrogateSamples samples,
      Curvature curvature,
      long cacheBytes,
      Consumer<TailFixture> test) {
    TailBatches batches =
        new TailBatches(backend, weights.config(), samples, POSITIONS, POSITIONS, 0, cacheBytes);
    LastDenseHessian hessian =
        new LastDenseHessian(backend, batches, curvature, weights.config().hidden());
    Consumer<Allocator> layout =
        allocator -> {
          batches.layout(allocator);
          hessian.layout(allocator);
        };
    try (Workspace workspace = backend.workspace(Workspace.plan(backend, layout))) {
      layout.accept(workspace);
      batches.load(weights);
      test.accept(new TailFixture(backend, batches, hessian));
    }
  }
}
