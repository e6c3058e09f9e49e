// SPDX-License-Identifier: Apache-2.0
package dev.coppice.benchmarks.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.model.SurrogateWeights;
import dev.coppice.score.InfluenceScorer;
import java.io.IOException;

/**
 * 5,000 LiSSA steps of one sample each. A solve also takes the mean gradient and, at its end, the
 * residual over all samples: the time of a solve of one step is taken off. All sides follow the
 * same order of samples.
 */
final class LissaRow implements Row {
  private static final double BOUND = 5e-5; // 5,000 float32 products, each step's error shrinks
  private static final int STEPS = 5000;
  private static final int PART = 500; // of the sides whose steps run through the whole model

  private final Ours ours;
  private final SurrogateWeights weights;
  private final Exchange exchange;
  private final double[] g;
  private InfluenceScorer whole;
  private InfluenceScorer one;
  private double[] q;

  LissaRow(Ours ours, SurrogateWeights weights, Exchange exchange, double[] g) {
    this.ours = ours;
    this.weights = weights;
    this.exchange = exchange;
    this.g = g;
  }

  @Override
  public String name() {
    return "lissa";
  }

  @Override
  public Target target() {
    return new Target(0.5, 40, 0);
  }

  @Override
  public void prepare() throws IOException {
    exchange.doubles("g.f64", g);
    exchange.ids("lissa-order.i32", ours.lissaOrder(STEPS));
    whole = ours.scorer(weights, Ours.lissa(STEPS));
    one = ours.scorer(weights, Ours.lissa(1));
    one.solve();
    q = whole.solve().q();
  }

  @Override
  public Run ours() {
    long start = System.nanoTime();
    one.solve();
    long between = System.nanoTime();
    q = whole.solve().q();
    long end = System.nanoTime();
    return Run.whole(Math.max(1, (end - between) - (between - start)));
  }

  @Override
  public ObjectNode request(Peer.Kind kind, boolean complete) {
    ObjectNode request = Peer.request("lissa").put("g", exchange.path("g.f64").toString());
    request.put("order", exchange.path("lissa-order.i32").toString());
    request.put("out", exchange.path("lissa.f64").toString());
    request.put("damping", Ours.DAMPING).put("scale", Ours.LISSA_SCALE);
    return kind == Peer.Kind.PUBLISHED || kind == Peer.Kind.VMAP
        ? request.put("limit", PART)
        : request;
  }

  @Override
  public void check(Peer.Kind kind, JsonNode answer, Checks checks) throws IOException {
    int steps = answer.get("steps").asInt();
    double[] same = q;
    if (steps != STEPS) {
      try (InfluenceScorer part = ours.scorer(weights, Ours.lissa(steps))) {
        same = part.solve().q();
      }
    }
    String what = "q after " + steps + " steps against " + kind.column;
    checks.close(name(), what, same, exchange.doubles("lissa.f64"), BOUND);
  }

  @Override
  public void close() {
    if (whole != null) {
      whole.close();
    }
    if (one != null) {
      one.close();
    }
  }
}
