// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Lanes;
import dev.coppice.backend.Workspace;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.model.Curvature;
import dev.coppice.model.SurrogateWeights;
import dev.coppice.solve.BatchHessian;
import dev.coppice.solve.HessianProduct;
import java.util.EnumMap;
import java.util.Map;

/** Derivatives in the last block's attention output weight. */
final class LastDenseRisk implements RiskDerivatives {
  /** Positions that a lane scores at a time: its activations stay in the second-level cache. */
  private static final int LANE_POSITIONS = 512;

  private final Backend backend;
  private final SurrogateSamples samples;
  private final int width;
  private final int macroBatch;
  private final TailBatches batches;
  private final Map<Curvature, LastDenseHessian> hessians = new EnumMap<>(Curvature.class);
  private final TailScores scores;
  private final Workspace workspace;
  private final Lanes lanes;
  private TailLanes beside; // made when needed
  private double[][] directions = {};

  /** Reserves memory. */
  LastDenseRisk(
      Backend backend, SurrogateWeights weights, SurrogateSamples samples, InfluenceConfig config) {
    this.backend = backend;
    this.samples = samples;
    width = weights.config().hidden();
    macroBatch = config.macroBatchPositions();
    batches =
        new TailBatches(
            backend,
            weights.config(),
            samples,
            TailBatches.BLOCK_POSITIONS,
            macroBatch,
            miniBatch(weights.config().maxLen(), config),
            config.cacheBytes());
    for (Curvature curvature : Curvature.values()) {
      hessians.put(curvature, new LastDenseHessian(backend, batches, curvature, width));
    }
    scores = new TailScores(backend, batches, width);
    workspace = backend.workspace(Workspace.plan(backend, this::layout));
    lanes = Lanes.of(backend);
    boolean loaded = false;
    try {
      layout(workspace);
      batches.load(weights);
      loaded = true;
    } finally {
      if (!loaded) {
        close();
      }
    }
  }

  /** Most positions of a mini-batch of LiSSA. */
  private static int miniBatch(int maxLen, InfluenceConfig config) {
    boolean lissa = config.solver() == InfluenceConfig.Solver.LISSA;
    return lissa ? (int) Math.min(Integer.MAX_VALUE, (long) maxLen * config.lissaBatch()) : 0;
  }

  private void layout(Allocator allocator) {
    batches.layout(allocator);
    hessians.values().forEach(hessian -> hessian.layout(allocator));
    scores.layout(allocator);
  }

  @Override
  public int size() {
    return width * width;
  }

  @Override
  public double[] meanGradient() {
    return hessians.get(Curvature.HESSIAN).meanGradient();
  }

  @Override
  public HessianProduct mean(Curvature curvature) {
    return hessians.get(curvature);
  }

  @Override
  public BatchHessian ofSamples(Curvature curvature) {
    return hessians.get(curvature).ofSamples();
  }

  @Override
  public double[] dense(Curvature curvature) {
    return hessians.get(curvature).dense();
  }

  @Override
  public void aim(double[]... directions) {
    this.directions = directions.clone();
  }

  @Override
  public GradientScores score(int[] ids) {
    if (directions.length == 0) {
      throw new IllegalStateException("aim first");
    }
    GradientScores result = GradientScores.of(directions.length, ids.length);
    if (ids.length == 0) {
      return result;
    }
    if (batches.kept() || lanes.count() == 1) {
      int[] bounds = runs(ids, macroBatch);
      for (int run = 0; run + 1 < bounds.length; run++) {
        scores.score(directions, ids, bounds[run], bounds[run + 1], result);
      }
      return result;
    }
    int room = Math.min(macroBatch, LANE_POSITIONS);
    if (beside == null) {
      beside = new TailLanes(lanes, batches, room, width);
    }
    beside.score(directions, ids, runs(ids, room), result);
    return result;
  }

  /** Bounds of runs of samples of at most {@code room} positions, or of one longer sample. */
  private int[] runs(int[] ids, int room) {
    int[] offsets = new int[ids.length + 1];
    for (int i = 0; i < ids.length; i++) {
      offsets[i + 1] = Math.addExact(offsets[i], samples.transitions(ids[i]));
    }
    return TailBatches.split(offsets, room);
  }

  @Override
  public void close() {
    if (beside != null) {
      beside.close();
    }
    lanes.close();
    workspace.close();
  }
}
