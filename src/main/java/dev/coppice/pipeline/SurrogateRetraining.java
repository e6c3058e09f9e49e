// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.backend.Backend;
import dev.coppice.data.Dataset;
import dev.coppice.data.HeldOutSamples;
import dev.coppice.data.PackedBatch;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.data.Weighting;
import dev.coppice.model.SasRecConfig;
import dev.coppice.model.SasRecTrainer;
import dev.coppice.model.SurrogateLoss;
import dev.coppice.model.SurrogateWeights;
import dev.coppice.model.TrainerState;
import dev.coppice.model.TrainingConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.function.Function;

/**
 * Trains the surrogate again and again without some samples, each time from the same start, and
 * measures losses that are the same function of the weights each time.
 */
final class SurrogateRetraining implements AutoCloseable {
  /** The mean loss over all samples, removed or not: what influence is about. */
  static final String TRAIN_LOSS = "train_loss";

  /** The mean loss over the validation items. */
  static final String VALID_LOSS = "valid_loss";

  private static final int BATCH = 256;

  private final Backend backend;
  private final Dataset dataset;
  private final TrainOptions options;
  private final StopRequest stop;
  private final SasRecConfig config;
  private final List<String> quantities = new ArrayList<>();
  private final List<SurrogateLoss> losses = new ArrayList<>();
  private SasRecTrainer trainer;
  private TrainerState start;
  private long trainerSeed;

  /**
   * Prepares the losses.
   *
   * @param samples the training view, whose negatives of epoch 0 the train loss is measured with
   * @param seed of the negatives of the valid loss
   */
  SurrogateRetraining(
      Backend backend,
      Dataset dataset,
      SurrogateSamples samples,
      TrainOptions options,
      long seed,
      StopRequest stop) {
    this.backend = backend;
    this.dataset = dataset;
    this.options = options;
    this.stop = stop;
    config = SurrogateTraining.config(dataset, options);
    add(TRAIN_LOSS, samples.scorable(), ids -> samples.batch(ids, 0, Weighting.SAMPLE_MEAN));
    HeldOutSamples heldOut = new HeldOutSamples(dataset, options.maxLen(), seed);
    if (heldOut.users().length > 0) {
      add(VALID_LOSS, heldOut.users(), heldOut::batch);
    }
  }

  private void add(String quantity, int[] samples, Function<int[], PackedBatch> batch) {
    List<PackedBatch> batches = new ArrayList<>();
    for (int from = 0; from < samples.length; from += BATCH) {
      int to = Math.min(samples.length, from + BATCH);
      batches.add(batch.apply(Arrays.copyOfRange(samples, from, to)));
    }
    quantities.add(quantity);
    losses.add(new SurrogateLoss(backend, config, batches));
  }

  /** Names of what {@link #measure} measures: the valid loss only where there are such items. */
  List<String> quantities() {
    return List.copyOf(quantities);
  }

  /**
   * The weights after the last epoch of a training.
   *
   * @param seed of initial weights, order, negatives and dropout
   * @param removed ids of samples that it goes without
   * @throws DivergedException if the loss is not finite any more
   * @throws StoppedException between epochs, if the run was asked to stop
   */
  SurrogateWeights train(long seed, int[] removed) {
    BitSet without = new BitSet();
    Arrays.stream(removed).forEach(without::set);
    prepare(seed);
    try {
      for (int epoch = 0; epoch < options.epochs(); epoch++) {
        stop.check();
        trainer.trainEpoch(epoch, without);
      }
      return trainer.weights();
    } catch (ArithmeticException diverged) {
      throw new DivergedException(diverged.getMessage(), diverged);
    }
  }

  /** Has a trainer of this seed stand at its start. */
  private void prepare(long seed) {
    if (trainer == null || trainerSeed != seed) {
      closeTrainer();
      SurrogateSamples samples =
          new SurrogateSamples(dataset, options.maxLen(), options.holdout(), seed);
      TrainingConfig training =
          new TrainingConfig(options.epochs(), options.batch(), (float) options.lr(), seed);
      trainer = new SasRecTrainer(backend, samples, config, training);
      start = trainer.state();
      trainerSeed = seed;
    }
    trainer.restore(start);
  }

  private void closeTrainer() {
    if (trainer != null) {
      trainer.close();
      trainer = null;
    }
  }

  /**
   * The losses under some weights, in the order of {@link #quantities}.
   *
   * @throws DivergedException if one is not finite
   */
  double[] measure(SurrogateWeights weights) {
    double[] measured = new double[losses.size()];
    for (int i = 0; i < measured.length; i++) {
      measured[i] = losses.get(i).mean(weights);
      if (!Double.isFinite(measured[i])) {
        throw new DivergedException(
            "training diverged: the " + quantities.get(i) + " is " + measured[i] + "; lower --lr",
            null);
      }
    }
    return measured;
  }

  @Override
  public void close() {
    closeTrainer();
    losses.forEach(SurrogateLoss::close);
  }
}
