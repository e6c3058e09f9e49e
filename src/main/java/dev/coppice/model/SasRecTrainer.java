// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.DType;
import dev.coppice.backend.Lanes;
import dev.coppice.backend.Workspace;
import dev.coppice.data.PackedBatch;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.data.Weighting;
import dev.coppice.random.Shuffle;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Trains a surrogate: sampled binary cross-entropy, averaged over all positions of a batch, by
 * Adam; each epoch in its own seeded order and with its own negatives, the last partial batch kept.
 *
 * <p>The result depends on the samples, the configuration and the backend only: neither on threads
 * nor on whether the training was interrupted between epochs.
 */
public final class SasRecTrainer implements AutoCloseable {
  private final Backend backend;
  private final SurrogateSamples samples;
  private final SasRecConfig config;
  private final TrainingConfig training;
  private final int stepsPerEpoch;
  private final Lanes lanes;
  private final Workspace workspace;
  private final SasRecStep steps;
  private SasRecLists next; // of the batch that comes after the one at work
  private long step;

  /**
   * Reserves memory and sets the initial weights, {@link SurrogateWeights#initial}.
   *
   * @throws IllegalArgumentException if no sample is scorable
   */
  public SasRecTrainer(
      Backend backend, SurrogateSamples samples, SasRecConfig config, TrainingConfig training) {
    int count = samples.scorable().length;
    if (count == 0) {
      throw new IllegalArgumentException("no sample has a transition to learn from");
    }
    this.backend = backend;
    this.samples = samples;
    this.config = config;
    this.training = training;
    int batch = Math.min(training.batch(), count);
    stepsPerEpoch = (count + batch - 1) / batch;
    int positions = mostPositions(samples, batch);
    lanes = Lanes.of(backend);
    Function<Allocator, SasRecStep> layout =
        a -> new SasRecStep(backend, lanes, a, config, training, batch, positions, stepsPerEpoch);
    Workspace reserved = null;
    boolean started = false;
    try {
      reserved = backend.workspace(Workspace.plan(backend, layout::apply));
      steps = layout.apply(reserved);
      steps.start(SurrogateWeights.initial(config, training.seed()));
      started = true;
    } finally {
      workspace = reserved;
      if (!started) {
        release();
      }
    }
  }

  /** Positions of the longest {@code batch} samples: no batch can have more. */
  private static int mostPositions(SurrogateSamples samples, int batch) {
    int[] scorable = samples.scorable();
    int[] lengths = new int[scorable.length];
    for (int i = 0; i < lengths.length; i++) {
      lengths[i] = samples.transitions(scorable[i]);
    }
    Arrays.sort(lengths);
    long positions = 0;
    for (int i = lengths.length - batch; i < lengths.length; i++) {
      positions += lengths[i];
    }
    return Math.toIntExact(positions);
  }

  /**
   * One pass over the samples.
   *
   * @param epoch 0-based: picks the order and the negatives
   * @return mean loss of the epoch's positions, while training
   * @throws ArithmeticException if the loss is not finite any more
   */
  public double trainEpoch(int epoch) {
    return trainEpoch(epoch, new BitSet());
  }

  /**
   * One pass over the samples without some of them. Everything else stays as it would be with them:
   * which batch a sample is in, its place there, its negatives and its dropout masks; a batch's
   * loss is the mean over the positions that are left. A batch of which no sample is left moves the
   * weights by Adam's momentum alone. With none removed the bits are those of {@link
   * #trainEpoch(int)}.
   *
   * @param epoch 0-based: picks the order and the negatives
   * @param removed ids of samples
   * @return mean loss of the positions left, while training
   * @throws IllegalArgumentException if no sample is left
   * @throws ArithmeticException if the loss is not finite any more
   */
  public double trainEpoch(int epoch, BitSet removed) {
    int[] scorable = samples.scorable();
    if (Arrays.stream(scorable).allMatch(removed::get)) {
      throw new IllegalArgumentException("every sample is removed");
    }
    int[] order = Shuffle.order(scorable.length, training.seed(), epoch);
    long positions = 0;
    int[] batchPositions = new int[stepsPerEpoch];
    steps.makeRoom(mostPositions(order));
    next = lists(order, 0, epoch, removed);
    for (int s = 0; s < stepsPerEpoch; s++) {
      SasRecLists lists = next;
      int following = s + 1;
      Runnable prepare =
          following == stepsPerEpoch
              ? () -> next = null
              : () -> next = lists(order, following, epoch, removed);
      batchPositions[s] = lists.batch().weightedCount();
      positions += batchPositions[s];
      steps.run(lists, s, ++step, prepare);
    }
    double[] losses = steps.losses();
    double sum = 0;
    for (int s = 0; s < stepsPerEpoch; s++) {
      sum += losses[s] * batchPositions[s];
    }
    double mean = sum / positions;
    if (!Double.isFinite(mean)) {
      throw new ArithmeticException(
          "training diverged in epoch " + epoch + ": the mean loss is " + mean + "; lower lr");
    }
    return mean;
  }

  /** The samples of batch {@code s} of an epoch. */
  private int[] chosen(int[] order, int s) {
    int from = s * training.batch();
    int[] chosen = new int[Math.min(training.batch(), order.length - from)];
    for (int i = 0; i < chosen.length; i++) {
      chosen[i] = samples.scorable()[order[from + i]];
    }
    return chosen;
  }

  /** Positions of the largest batch of an epoch. */
  private int mostPositions(int[] order) {
    return IntStream.range(0, stepsPerEpoch)
        .map(s -> Arrays.stream(chosen(order, s)).map(samples::transitions).sum())
        .max()
        .orElseThrow();
  }

  /** The lists of batch {@code s} of an epoch. */
  private SasRecLists lists(int[] order, int s, int epoch, BitSet removed) {
    int[] chosen = chosen(order, s);
    PackedBatch packed = samples.batch(chosen, epoch, Weighting.BATCH_MEAN);
    return steps.lists(removed.isEmpty() ? packed : packed.without(removed));
  }

  /** A copy of the weights. */
  public SurrogateWeights weights() {
    return new SurrogateWeights(config, steps.weights().read());
  }

  /**
   * A copy of what {@link #restore} needs. On a backend that stores more than float32 the state
   * itself is rounded as well, so that an interrupted training still gives the same bits as one
   * that saved and went on.
   */
  public TrainerState state() {
    TrainerState state =
        new TrainerState(
            steps.weights().read(), steps.firstMoment().read(), steps.secondMoment().read(), step);
    if (backend.bytesOf(DType.F32) > Float.BYTES) {
      restore(state);
    }
    return state;
  }

  /**
   * Goes back to a saved state; the next epoch is then the same, bit for bit, as after saving.
   *
   * @throws IllegalArgumentException if the state is of a model of another shape
   */
  public void restore(TrainerState state) {
    for (Map<String, float[]> values :
        List.of(state.parameters(), state.firstMoment(), state.secondMoment())) {
      new SurrogateWeights(config, values); // checks names and sizes before anything is written
    }
    steps.weights().load(backend, state.parameters());
    steps.firstMoment().load(backend, state.firstMoment());
    steps.secondMoment().load(backend, state.secondMoment());
    step = state.step();
  }

  /** Shape of the model. */
  public SasRecConfig config() {
    return config;
  }

  /** Frees the memory. Idempotent. */
  @Override
  public void close() {
    try {
      steps.close();
    } finally {
      release();
    }
  }

  private void release() {
    if (workspace != null) {
      workspace.close();
    }
    lanes.close();
  }
}
