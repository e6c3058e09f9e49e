// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.DType;
import dev.coppice.backend.Lanes;
import dev.coppice.backend.SurrogateOps.Adam;
import dev.coppice.backend.Tensor;
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
  private final Adam adam;
  private final int stepsPerEpoch;
  private final Lanes lanes;
  private final Workspace workspace;
  private final Tensors tensors;
  private SasRecLists next; // of the batch that comes after the one at work
  private long step;

  /** Everything that lies on the backend. */
  private static final class Tensors {
    final SasRecParameters weights;
    final SasRecParameters gradient;
    final SasRecParameters firstMoment;
    final SasRecParameters secondMoment;
    final SasRecBatchGradient batch;
    final Tensor lossOffsets; // 0 and T: the whole batch is one segment
    final Tensor losses; // of each step of an epoch

    Tensors(
        Backend backend,
        Lanes lanes,
        Allocator a,
        SasRecConfig config,
        int samples,
        int positions,
        int steps) {
      weights = new SasRecParameters(a, config);
      gradient = new SasRecParameters(a, config);
      firstMoment = new SasRecParameters(a, config);
      secondMoment = new SasRecParameters(a, config);
      batch = new SasRecBatchGradient(backend, lanes, config, a, samples, positions);
      lossOffsets = a.i32(2);
      losses = a.f32(steps);
    }
  }

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
    adam = new Adam(training.lr(), Adam.DEFAULT.beta1(), Adam.DEFAULT.beta2(), Adam.DEFAULT.eps());
    int batch = Math.min(training.batch(), count);
    stepsPerEpoch = (count + batch - 1) / batch;
    int positions = mostPositions(samples, batch);
    lanes = Lanes.of(backend);
    Function<Allocator, Tensors> layout =
        a -> new Tensors(backend, lanes, a, config, batch, positions, stepsPerEpoch);
    Workspace reserved = null;
    boolean started = false;
    try {
      reserved = backend.workspace(Workspace.plan(backend, layout::apply));
      tensors = layout.apply(reserved);
      start(SurrogateWeights.initial(config, training.seed()));
      started = true;
    } finally {
      workspace = reserved;
      if (!started) {
        close();
      }
    }
  }

  private void start(SurrogateWeights initial) {
    tensors.batch.clear();
    tensors.gradient.clear(backend);
    tensors.firstMoment.clear(backend);
    tensors.secondMoment.clear(backend);
    tensors.weights.load(backend, initial.tensors());
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
      trainStep(lists, s, prepare);
    }
    double[] losses = tensors.losses.doubles();
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

  /** The lists of batch {@code s} of an epoch. */
  private SasRecLists lists(int[] order, int s, int epoch, BitSet removed) {
    int from = s * training.batch();
    int[] chosen = new int[Math.min(training.batch(), order.length - from)];
    for (int i = 0; i < chosen.length; i++) {
      chosen[i] = samples.scorable()[order[from + i]];
    }
    PackedBatch packed = samples.batch(chosen, epoch, Weighting.BATCH_MEAN);
    return tensors.batch.lists(removed.isEmpty() ? packed : packed.without(removed));
  }

  private void trainStep(SasRecLists lists, int stepOfEpoch, Runnable beside) {
    step++;
    DropoutSites dropout =
        config.dropout() == 0
            ? DropoutSites.NONE
            : new DropoutSites(config.dropout(), training.seed(), Math.toIntExact(step));
    Tensors t = tensors;
    t.batch.run(t.weights, lists, dropout, t.gradient, beside);
    t.lossOffsets.write(new int[] {0, lists.batch().positionCount()});
    backend.segmentSum(
        t.lossOffsets,
        t.batch.positionLoss(),
        t.batch.positionWeights(),
        t.losses.rows(stepOfEpoch, 1));
    backend.adamStep(
        t.weights.all(), t.gradient.all(), t.firstMoment.all(), t.secondMoment.all(), adam, step);
  }

  /** A copy of the weights. */
  public SurrogateWeights weights() {
    return new SurrogateWeights(config, tensors.weights.read());
  }

  /**
   * A copy of what {@link #restore} needs. On a backend that stores more than float32 the state
   * itself is rounded as well, so that an interrupted training still gives the same bits as one
   * that saved and went on.
   */
  public TrainerState state() {
    TrainerState state =
        new TrainerState(
            tensors.weights.read(), tensors.firstMoment.read(), tensors.secondMoment.read(), step);
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
    tensors.weights.load(backend, state.parameters());
    tensors.firstMoment.load(backend, state.firstMoment());
    tensors.secondMoment.load(backend, state.secondMoment());
    step = state.step();
  }

  /** Shape of the model. */
  public SasRecConfig config() {
    return config;
  }

  /** Frees the memory. Idempotent. */
  @Override
  public void close() {
    if (workspace != null) {
      workspace.close();
    }
    lanes.close();
  }
}
