// SPDX-License-Identifier: Apache-2.0
package dev.coppice.benchmarks.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.model.RankingMetrics;
import dev.coppice.model.SurrogateWeights;

/**
 * Full ranking of all items for the users with validation items. Published code ranks every user
 * and leaves those without answers out of the means: that is how (a) is timed.
 */
final class EvaluationRow implements Row {
  /** Scores closer than rounding may change places: a few of thousands of users. */
  private static final double BOUND = 2e-3;

  private static final int PUBLISHED_BATCHES = 25;

  private final Ours ours;
  private final SurrogateWeights weights;
  private RankingMetrics metrics;

  EvaluationRow(Ours ours, SurrogateWeights weights) {
    this.ours = ours;
    this.weights = weights;
  }

  @Override
  public String name() {
    return "evaluation";
  }

  @Override
  public Target target() {
    return new Target(0, 30, 0);
  }

  @Override
  public void prepare() {
    ours();
  }

  @Override
  public Run ours() {
    long start = System.nanoTime();
    metrics = ours.evaluator().evaluate(weights);
    return Run.whole(System.nanoTime() - start);
  }

  @Override
  public boolean has(Peer.Kind kind) {
    return kind != Peer.Kind.VMAP;
  }

  @Override
  public ObjectNode request(Peer.Kind kind, boolean complete) {
    ObjectNode request = Peer.request("evaluate");
    boolean part = kind == Peer.Kind.PUBLISHED && !complete;
    return part ? request.put("limit", PUBLISHED_BATCHES) : request;
  }

  @Override
  public void check(Peer.Kind kind, JsonNode answer, Checks checks) {
    if (answer.get("share").asDouble() < 1) {
      return; // means over other users
    }
    String against = " against " + kind.column;
    int users = answer.get("users").asInt();
    checks.within(name(), "users" + against, Math.abs(users - metrics.users()), 0);
    checks.close(name(), "recall" + against, metrics.recall(), values(answer, "recall"), BOUND);
    checks.close(name(), "ndcg" + against, metrics.ndcg(), values(answer, "ndcg"), BOUND);
  }

  private static double[] values(JsonNode answer, String name) {
    double[] values = new double[answer.get(name).size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = answer.get(name).get(i).asDouble();
    }
    return values;
  }
}
