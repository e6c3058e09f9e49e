// SPDX-License-Identifier: Apache-2.0
package dev.coppice.benchmarks.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.model.SurrogateWeights;
import dev.coppice.score.InfluenceConfig;
import dev.coppice.score.InfluenceScorer;
import dev.coppice.solve.IhvpSolution;
import java.io.IOException;

/** Solves for q exactly: by conjugate gradients, or by the dense matrix; from weights to q. */
final class ExactRow implements Row {
  private static final double BOUND = 1e-5; // two residuals of 1e-6, condition number near 1
  private final Ours ours;
  private final SurrogateWeights weights;
  private final Exchange exchange;
  private final InfluenceConfig config;
  private final double[] expected;
  private final boolean dense;
  private IhvpSolution solution;

  /**
   * A row.
   *
   * @param expected q by conjugate gradients
   */
  ExactRow(
      Ours ours, SurrogateWeights weights, Exchange exchange, boolean dense, double[] expected) {
    this.ours = ours;
    this.weights = weights;
    this.exchange = exchange;
    this.dense = dense;
    this.expected = expected;
    config = dense ? Ours.direct() : Ours.cg(Ours.DAMPING, Ours.TOLERANCE);
  }

  @Override
  public String name() {
    return dense ? "direct" : "cg";
  }

  @Override
  public Target target() {
    return new Target(dense ? 90 : 3, 0, 0);
  }

  @Override
  public void prepare() {
    if (!dense) {
      ours();
    }
  }

  @Override
  public boolean once() {
    return dense;
  }

  @Override
  public Run ours() {
    long start = System.nanoTime();
    try (InfluenceScorer scorer = ours.scorer(weights, config)) {
      solution = scorer.solve();
    }
    return Run.whole(System.nanoTime() - start);
  }

  @Override
  public boolean has(Peer.Kind kind) {
    return !dense && kind != Peer.Kind.PUBLISHED;
  }

  @Override
  public ObjectNode request(Peer.Kind kind, boolean complete) {
    ObjectNode request = Peer.request("cg").put("out", exchange.path("cg.f64").toString());
    return request.put("damping", Ours.DAMPING).put("tolerance", Ours.TOLERANCE);
  }

  @Override
  public void check(Peer.Kind kind, JsonNode answer, Checks checks) throws IOException {
    double residual = answer.get("residual").asDouble();
    checks.within(name(), "residual of " + kind.column, residual, Ours.TOLERANCE);
    String what = "q against " + kind.column;
    checks.close(name(), what, solution.q(), exchange.doubles("cg.f64"), BOUND);
  }

  @Override
  public void checkAlone(Checks checks) {
    double residual = dense ? 10 * Ours.TOLERANCE : Ours.TOLERANCE; // the matrix is in float32 sums
    checks.within(name(), "residual", solution.residual(), residual);
    checks.close(name(), "q against cg", solution.q(), expected, BOUND);
  }
}
