// SPDX-License-Identifier: Apache-2.0
package dev.coppice.benchmarks.e2e;

import dev.coppice.backend.Backend;
import dev.coppice.backend.CudaLibraries;
import dev.coppice.backend.NativeBackend;
import dev.coppice.backend.Precision;
import dev.coppice.backend.ReferenceBackend;
import dev.coppice.data.Dataset;
import dev.coppice.data.EvaluationSet;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.io.DataFolder;
import dev.coppice.model.SasRecConfig;
import dev.coppice.model.SasRecTrainer;
import dev.coppice.model.SurrogateEvaluator;
import dev.coppice.model.SurrogateWeights;
import dev.coppice.model.TrainingConfig;
import dev.coppice.random.Philox;
import dev.coppice.random.Purpose;
import dev.coppice.score.Damping;
import dev.coppice.score.InfluenceBatch;
import dev.coppice.score.InfluenceConfig;
import dev.coppice.score.InfluenceScorer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The engine on a data folder, by its public classes; everything that couples to them is here. */
final class Ours implements AutoCloseable {
  static final double DAMPING = 0.25;
  static final double TOLERANCE = 1e-6;
  static final double LISSA_SCALE = 25; // the published one
  static final long SEED = 42;
  static final double DROPOUT = 0.5;

  /** Several times what float32 rounds off of a relu's input, which is of the size of 1. */
  private static final float KINK = 4e-6f;

  private static final int MAX_LEN = 50;
  private static final int BATCH = 500;

  final Dataset dataset;
  final SurrogateSamples samples;
  final SasRecConfig config;
  private final Backend backend;
  private final SasRecTrainer trainer;
  private final SurrogateEvaluator evaluator;
  private int epochs;

  /**
   * Opens the engine.
   *
   * @throws UnsupportedOperationException if this machine or this build does not have the device
   */
  Ours(Path data, NativeBackend.Device device, int threads, double dropout) {
    this(data, open(device, threads), dropout);
  }

  /** Computes on a backend, and closes it in the end. */
  Ours(Path data, Backend backend, double dropout) {
    this.backend = backend;
    dataset = DataFolder.read(data);
    samples = new SurrogateSamples(dataset, MAX_LEN, 0, SEED);
    config = new SasRecConfig(dataset.items(), 64, 2, 2, MAX_LEN, (float) dropout);
    trainer =
        new SasRecTrainer(backend, samples, config, new TrainingConfig(1000, BATCH, 1e-3f, SEED));
    evaluator =
        new SurrogateEvaluator(
            backend, config, EvaluationSet.of(dataset, EvaluationSet.Part.VALID, MAX_LEN));
  }

  /** A device; threads are of the CPU. */
  static Backend open(NativeBackend.Device device, int threads) {
    return device == NativeBackend.Device.CUDA
        ? NativeBackend.onGpu(Precision.FP32, CudaLibraries.under(System.getenv()))
        : new NativeBackend(device, device == NativeBackend.Device.CPU ? threads : 1);
  }

  String description() {
    return backend.description();
  }

  /** The next epoch; its mean loss. */
  double trainEpoch() {
    return trainer.trainEpoch(epochs++);
  }

  SurrogateWeights weights() {
    return trainer.weights();
  }

  SurrogateEvaluator evaluator() {
    return evaluator;
  }

  /** A scorer of the weights; close it. */
  InfluenceScorer scorer(SurrogateWeights weights, InfluenceConfig how) {
    return new InfluenceScorer(backend, weights, samples, how);
  }

  /**
   * Scores of some samples in float64: as the model is, and with the input of every relu of the
   * last block moved by more than float32 rounds off, up and down.
   */
  InfluenceBatch[] atKinks(SurrogateWeights weights, int[] ids, double[] q) {
    InfluenceBatch[] sides = new InfluenceBatch[3];
    for (int side = 0; side < sides.length; side++) {
      Map<String, float[]> moved = new LinkedHashMap<>(weights.tensors());
      for (String layer : List.of("conv1d_1", "conv1d_2")) {
        String name =
            "item_encoder.layer." + (config.layers() - 1) + ".intermediate." + layer + ".bias";
        float[] bias = moved.get(name).clone();
        for (int i = 0; i < bias.length; i++) {
          bias[i] += (side - 1) * KINK;
        }
        moved.put(name, bias);
      }
      try (Backend reference = new ReferenceBackend();
          InfluenceScorer scorer =
              new InfluenceScorer(
                  reference,
                  new SurrogateWeights(config, moved),
                  samples,
                  config(InfluenceConfig.Solver.CG, DAMPING, TOLERANCE, 1, 0))) {
        scorer.use(q);
        sides[side] = scorer.score(ids);
      }
    }
    return sides;
  }

  static InfluenceConfig cg(double damping, double tolerance) {
    return config(InfluenceConfig.Solver.CG, damping, tolerance, 1);
  }

  static InfluenceConfig direct() {
    return config(InfluenceConfig.Solver.DIRECT, DAMPING, TOLERANCE, 1);
  }

  static InfluenceConfig lissa(int steps) {
    return config(InfluenceConfig.Solver.LISSA, DAMPING, TOLERANCE, steps);
  }

  private static InfluenceConfig config(
      InfluenceConfig.Solver solver, double damping, double tolerance, int steps) {
    long cacheBytes = InfluenceConfig.DEFAULT.cacheBytes();
    return config(solver, damping, tolerance, steps, cacheBytes);
  }

  private static InfluenceConfig config(
      InfluenceConfig.Solver solver, double damping, double tolerance, int steps, long cacheBytes) {
    InfluenceConfig base = InfluenceConfig.DEFAULT;
    return new InfluenceConfig(
        solver,
        Damping.absolute(damping),
        tolerance,
        base.curvature(),
        base.params(),
        LISSA_SCALE,
        steps,
        1,
        SEED,
        base.macroBatchPositions(),
        cacheBytes);
  }

  /** Sample ids of LiSSA's steps, drawn as its documentation says. */
  int[] lissaOrder(int steps) {
    int[] scorable = samples.scorable();
    int[] order = new int[steps];
    for (int step = 0; step < steps; step++) {
      order[step] = scorable[Philox.below(scorable.length, SEED, Purpose.LISSA, step, 0, 0)];
    }
    return order;
  }

  @Override
  public void close() {
    evaluator.close();
    trainer.close();
    backend.close();
  }
}
