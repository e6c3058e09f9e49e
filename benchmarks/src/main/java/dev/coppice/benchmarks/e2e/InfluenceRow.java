// SPDX-License-Identifier: Apache-2.0
package dev.coppice.benchmarks.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.model.SurrogateWeights;
import dev.coppice.score.InfluenceBatch;
import dev.coppice.score.InfluenceScorer;
import java.io.IOException;
import java.util.Arrays;

/** Influence, loss and gradient norm of every sample, given q; from weights to numbers. */
final class InfluenceRow implements Row {
  private static final double BOUND =
      2e-5; // float32 sums of up to 50 positions of 64 x 64 products
  private static final int PUBLISHED_SAMPLES = 1000;

  private final Ours ours;
  private final SurrogateWeights weights;
  private final Exchange exchange;
  private final double[] q;
  private InfluenceBatch scores;

  InfluenceRow(Ours ours, SurrogateWeights weights, Exchange exchange, double[] q) {
    this.ours = ours;
    this.weights = weights;
    this.exchange = exchange;
    this.q = q;
  }

  @Override
  public String name() {
    return "influence";
  }

  @Override
  public Target target() {
    return new Target(0.8, 150, 25);
  }

  @Override
  public void prepare() throws IOException {
    exchange.doubles("q.f64", q);
    ours();
  }

  @Override
  public Run ours() {
    long start = System.nanoTime();
    try (InfluenceScorer scorer = ours.scorer(weights, Ours.cg(Ours.DAMPING, Ours.TOLERANCE))) {
      scorer.use(q);
      scores = scorer.score(ours.samples.scorable());
    }
    return Run.whole(System.nanoTime() - start);
  }

  @Override
  public ObjectNode request(Peer.Kind kind, boolean complete) {
    ObjectNode request = Peer.request("influence").put("q", exchange.path("q.f64").toString());
    request.put("out", exchange.path("influence.f64").toString());
    return kind == Peer.Kind.PUBLISHED ? request.put("limit", PUBLISHED_SAMPLES) : request;
  }

  @Override
  public void check(Peer.Kind kind, JsonNode answer, Checks checks) throws IOException {
    double[] rows = exchange.doubles("influence.f64"); // sample, influence, loss, gradient norm
    int count = rows.length / 4;
    double[][] expected = {scores.influence(), scores.loss(), scores.gradNorm()};
    String[] names = {"influence", "loss", "gradient norm"};
    for (int column = 0; column < names.length; column++) {
      double[] theirs = new double[count];
      double[] same = new double[count];
      for (int i = 0; i < count; i++) {
        int at = Arrays.binarySearch(ours.samples.scorable(), (int) rows[4 * i]);
        theirs[i] = rows[4 * i + 1 + column];
        same[i] = expected[column][at];
      }
      String what = names[column] + " of " + count + " samples against " + kind.column;
      checks.closeButForKinks(name(), what, same, theirs, BOUND);
    }
    if (kind != Peer.Kind.PUBLISHED) {
      String missing = "samples not scored by " + kind.column;
      checks.within(name(), missing, scores.loss().length - count, 0);
    }
  }
}
