// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Lanes;
import dev.coppice.backend.Tensor;
import dev.coppice.data.PackedBatch;
import java.util.ArrayList;
import java.util.List;

/**
 * Loss and gradient of a batch in all parameters. The batch is cut into parts of whole samples, as
 * many as {@link Backend#parts} says, which the lanes of the backend work on side by side; only the
 * tables' rows, which samples share, are summed over the whole batch at the end. How a batch is cut
 * depends on its number of positions alone, and parts are added in their order, so the result does
 * not depend on threads.
 */
final class SasRecBatchGradient {
  private static final int CLEARING_PIECES = 8;

  private final Backend backend;
  private final SasRecConfig config;
  private final Lanes lanes;
  private final SasRecInput input;
  private final SasRec model;
  private final SasRecGradient backward;
  private final List<SasRec> laneModels = new ArrayList<>();
  private final List<SasRecGradient> laneBackwards = new ArrayList<>();
  private final Tensor partGradients; // (parts, all but the tables); null for one part
  private final List<SasRecParameters> ofParts = new ArrayList<>();

  /**
   * Lays out tensors.
   *
   * @param lanes of the backend; used by nobody else meanwhile
   * @param samples most samples of a batch
   * @param positions most positions of a batch
   */
  SasRecBatchGradient(
      Backend backend,
      Lanes lanes,
      SasRecConfig config,
      Allocator allocator,
      int samples,
      int positions) {
    this.backend = backend;
    this.config = config;
    this.lanes = lanes;
    int parts = backend.parts(positions);
    input = SasRecInput.forTraining(allocator, config, samples, positions, parts);
    model = new SasRec(backend, config, allocator, positions);
    backward = new SasRecGradient(backend, config, allocator, positions);
    for (int lane = 0; lane < lanes.count(); lane++) {
      laneModels.add(model.on(lanes.backend(lane)));
      laneBackwards.add(backward.on(lanes.backend(lane)));
    }
    int size = SasRecParameters.layersSize(config);
    partGradients = parts == 1 ? null : allocator.f32(parts, size);
    for (int part = 0; partGradients != null && part < parts; part++) {
      Tensor flat = partGradients.rows(part, 1).reshape(size);
      ofParts.add(SasRecParameters.ofLayers(flat, config));
    }
  }

  /** Sets what no later call writes; before the first batch. */
  void clear() {
    if (partGradients != null) {
      backend.fill(partGradients, 0f);
    }
  }

  /** What {@link #run} needs of a batch; may be made while it runs, by one thread at a time. */
  SasRecLists lists(PackedBatch batch) {
    return input.lists(batch, backend.parts(batch.positionCount()));
  }

  /** The same for {@link #queue}, with room for any batch of up to so many positions. */
  SasRecLists listsWithin(PackedBatch batch, int positions) {
    return input.listsWithin(batch, positions);
  }

  /** Copies a batch over; {@link #queue} is about it. */
  void load(SasRecLists lists) {
    input.load(lists);
  }

  /**
   * Evaluates the batch that was loaded, as a whole, by this backend; neither waits nor copies.
   *
   * @param gradient receives the gradient, every element of every tensor
   */
  void queue(SasRecParameters weights, DropoutSites dropout, SasRecParameters gradient) {
    backend.fill(gradient.items(), 0f);
    backend.fill(gradient.positions(), 0f);
    model.forward(weights, input.whole(), dropout);
    backward.layers(model, weights, input.whole(), dropout, gradient);
    backward.tables(model, input, gradient);
  }

  /**
   * Evaluates a batch.
   *
   * @param gradient receives the gradient, every element of every tensor
   * @param beside other work, done meanwhile
   */
  void run(
      SasRecParameters weights,
      SasRecLists lists,
      DropoutSites dropout,
      SasRecParameters gradient,
      Runnable beside) {
    input.load(lists);
    List<SasRecPart> parts = input.parts();
    boolean whole = parts.size() == 1;
    if (whole && lanes.count() == 1) {
      queue(weights, dropout, gradient);
      beside.run();
      return;
    }
    // The longest pieces first, so that the lanes end together.
    lanes.run(
        parts.size() + 1 + CLEARING_PIECES,
        (lane, piece) -> {
          if (piece < parts.size()) {
            SasRecParameters receiver = whole ? gradient : ofParts.get(piece);
            evaluate(lane, weights, parts.get(piece), dropout, receiver);
          } else if (piece == parts.size()) {
            beside.run();
          } else {
            clear(lane, piece - parts.size() - 1, gradient);
          }
        });
    if (!whole) {
      backend.biasBackward(partGradients.rows(0, parts.size()), gradient.layers());
    }
    model.view(input.whole());
    backward.tables(model, input, gradient);
  }

  private void evaluate(
      int lane,
      SasRecParameters weights,
      SasRecPart part,
      DropoutSites dropout,
      SasRecParameters receiver) {
    SasRec laneModel = laneModels.get(lane);
    DropoutSites sites = dropout.from((long) part.first() * config.hidden());
    laneModel.forward(weights, part, sites);
    laneBackwards.get(lane).layers(laneModel, weights, part, sites, receiver);
  }

  /** Sets a share of the tables' gradient to 0. */
  private void clear(int lane, int piece, SasRecParameters gradient) {
    for (Tensor table : new Tensor[] {gradient.items(), gradient.positions()}) {
      int from = (int) ((long) table.dim(0) * piece / CLEARING_PIECES);
      int to = (int) ((long) table.dim(0) * (piece + 1) / CLEARING_PIECES);
      lanes.backend(lane).fill(table.rows(from, to - from), 0f);
    }
  }

  /** Unweighted loss of each position of the batch last run, (T). */
  Tensor positionLoss() {
    return model.positionLoss();
  }

  /** Weight of each position's loss of the batch last run, (T). */
  Tensor positionWeights() {
    return input.weights();
  }
}
