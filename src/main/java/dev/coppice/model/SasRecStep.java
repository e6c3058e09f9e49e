// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Graphs;
import dev.coppice.backend.Lanes;
import dev.coppice.backend.SurrogateOps.Adam;
import dev.coppice.backend.Tensor;
import dev.coppice.data.PackedBatch;
import java.util.Optional;

/**
 * The steps of a training: gradient of a batch's mean loss, and Adam. Where a backend has {@link
 * Graphs}, the first step is done operation by operation and recorded, and every later one is one
 * replay: the operations are made for as many positions as the largest batch of the epoch has, and
 * read on the device how many there are. Either way gives the same bits.
 */
final class SasRecStep implements AutoCloseable {
  /** Positions by which the room of a graph grows: the pieces of long products (docs/cuda.md). */
  private static final int ROOM = 512;

  private final Backend backend;
  private final Optional<Graphs> graphs;
  private final SasRecConfig config;
  private final TrainingConfig training;
  private final Adam adam;
  private final int most;
  private final SasRecParameters weights;
  private final SasRecParameters gradient;
  private final SasRecParameters firstMoment;
  private final SasRecParameters secondMoment;
  private final SasRecBatchGradient batch;
  private final Tensor lossOffsets; // 0 and T: the whole batch is one segment
  private final Tensor losses; // of each step of an epoch
  private final Tensor loss; // of one replay
  private final Tensor step; // of one replay
  private int room; // positions that the graph is made for
  private Graphs.Graph graph;
  private int recordings;

  /**
   * Lays out all tensors; {@link #start} must follow.
   *
   * @param samples most samples of a batch
   * @param positions most positions of a batch
   * @param steps of an epoch
   */
  SasRecStep(
      Backend backend,
      Lanes lanes,
      Allocator a,
      SasRecConfig config,
      TrainingConfig training,
      int samples,
      int positions,
      int steps) {
    this.backend = backend;
    graphs = backend.graphs();
    this.config = config;
    this.training = training;
    adam = new Adam(training.lr(), Adam.DEFAULT.beta1(), Adam.DEFAULT.beta2(), Adam.DEFAULT.eps());
    most = positions;
    weights = new SasRecParameters(a, config);
    gradient = new SasRecParameters(a, config);
    firstMoment = new SasRecParameters(a, config);
    secondMoment = new SasRecParameters(a, config);
    batch = new SasRecBatchGradient(backend, lanes, config, a, samples, positions);
    lossOffsets = a.i32(2);
    losses = a.f32(steps);
    loss = a.f32(1);
    step = a.i32(Graphs.STEP_SIZE);
  }

  /** Sets weights, and moments of 0. */
  void start(SurrogateWeights initial) {
    batch.clear();
    gradient.clear(backend);
    firstMoment.clear(backend);
    secondMoment.clear(backend);
    weights.load(backend, initial.tensors());
  }

  /**
   * Makes room for an epoch. A larger one than any before needs another graph.
   *
   * @param positions of its largest batch
   */
  void makeRoom(int positions) {
    if (positions > room) {
      close();
      room = Math.min(most, (positions + ROOM - 1) / ROOM * ROOM);
    }
  }

  /** What {@link #run} needs of a batch; may be made while another is at work, by one thread. */
  SasRecLists lists(PackedBatch next) {
    return graphs.isPresent() ? batch.listsWithin(next, room) : batch.lists(next);
  }

  /**
   * Queues a step.
   *
   * @param lists of a batch of the epoch that room was made for
   * @param place of its loss among those of the epoch
   * @param number of the step, from 1
   * @param beside other work, done meanwhile
   */
  void run(SasRecLists lists, int place, long number, Runnable beside) {
    if (graphs.isPresent()) {
      replay(graphs.get(), lists, number);
      losses.rows(place, 1).copyFrom(loss);
      beside.run();
      return;
    }
    batch.run(weights, lists, dropout(number), gradient, beside);
    lossOffsets.write(new int[] {0, lists.batch().positionCount()});
    finish(lossOffsets, losses.rows(place, 1), number);
  }

  private void replay(Graphs by, SasRecLists lists, long number) {
    batch.load(lists);
    by.write(step, lists.batch().positionCount(), number, adam);
    if (graph != null) {
      graph.launch();
      return;
    }
    Runnable operations =
        () -> {
          batch.queue(weights, dropout(number), gradient);
          finish(step.slice(0, 2), loss, number);
        };
    by.counted(
        step,
        room,
        () -> {
          operations.run();
          graph = by.record(operations);
          recordings++;
        });
  }

  private DropoutSites dropout(long number) {
    return config.dropout() == 0
        ? DropoutSites.NONE
        : new DropoutSites(config.dropout(), training.seed(), Math.toIntExact(number));
  }

  private void finish(Tensor offsets, Tensor sum, long number) {
    backend.segmentSum(offsets, batch.positionLoss(), batch.positionWeights(), sum);
    backend.adamStep(
        weights.all(), gradient.all(), firstMoment.all(), secondMoment.all(), adam, number);
  }

  /** How often a graph was recorded. */
  int recordings() {
    return recordings;
  }

  /** Mean loss of each step of the epoch. */
  double[] losses() {
    return losses.doubles();
  }

  SasRecParameters weights() {
    return weights;
  }

  SasRecParameters firstMoment() {
    return firstMoment;
  }

  SasRecParameters secondMoment() {
    return secondMoment;
  }

  /** Frees the graph, which the next step would record again. */
  @Override
  public void close() {
    if (graph != null) {
      graph.close();
      graph = null;
    }
  }
}
