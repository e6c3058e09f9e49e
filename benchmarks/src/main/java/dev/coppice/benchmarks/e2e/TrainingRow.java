// SPDX-License-Identifier: Apache-2.0
package dev.coppice.benchmarks.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * A training epoch: order, negatives, dropout and Adam included. With dropout the sides draw
 * differently, so losses of the same epoch are compared as samples of one distribution; {@link
 * Replay} compares a training without chance exactly.
 */
final class TrainingRow implements Row {
  /** Coarse: how far the loss of an epoch differs between seeds has not been measured yet. */
  private static final double LOSS_BOUND = 0.02;

  private static final int PUBLISHED_BATCHES = 8;

  private final Ours ours;
  private final List<Double> losses = new ArrayList<>();
  private final Map<Peer.Kind, Integer> epochs = new EnumMap<>(Peer.Kind.class); // of the tuned

  TrainingRow(Ours ours) {
    this.ours = ours;
  }

  @Override
  public String name() {
    return "epoch";
  }

  @Override
  public Target target() {
    return new Target(1.7, 45, 20);
  }

  /** Trains the next epoch, whose loss is kept. */
  void train() {
    losses.add(ours.trainEpoch());
  }

  @Override
  public void prepare() {}

  @Override
  public Run ours() {
    long start = System.nanoTime();
    train();
    return Run.whole(System.nanoTime() - start);
  }

  @Override
  public boolean has(Peer.Kind kind) {
    return kind != Peer.Kind.VMAP;
  }

  @Override
  public ObjectNode request(Peer.Kind kind, boolean complete) {
    ObjectNode request = Peer.request("epoch");
    return kind == Peer.Kind.PUBLISHED ? request.put("limit", PUBLISHED_BATCHES) : request;
  }

  @Override
  public void check(Peer.Kind kind, JsonNode answer, Checks checks) {
    double loss = answer.get("loss").asDouble();
    if (kind == Peer.Kind.PUBLISHED) {
      checks.within(
          name(), "loss of (a)'s first batches above 2 ln 2", loss - 2 * Math.log(2), .05);
      return;
    }
    int epoch = epochs.merge(kind, 1, Integer::sum);
    double difference = Math.abs(loss - losses.get(epoch - 1));
    String what = "loss of epoch " + epoch + " against " + kind.column;
    checks.within(name(), what, difference, LOSS_BOUND);
  }
}
