// SPDX-License-Identifier: Apache-2.0
package dev.coppice.benchmarks.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.model.SurrogateWeights;
import dev.coppice.score.InfluenceBatch;
import dev.coppice.score.InfluenceScorer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Influence, loss and gradient norm of every sample, given q; from weights to numbers. */
final class InfluenceRow implements Row {
  private static final double BOUND =
      2e-5; // float32 sums of up to 50 positions of 64 x 64 products
  private static final int LOSS = 1; // its column; a loss has no jumps
  private static final int MOST_KINKS = 20;
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
      checks.within(name(), what, error(same, theirs, rows, column), BOUND);
    }
    if (kind != Peer.Kind.PUBLISHED) {
      String missing = "samples not scored by " + kind.column;
      checks.within(name(), missing, scores.loss().length - count, 0);
    }
  }

  /**
   * Largest difference relative to the largest magnitude. A gradient jumps where the input of a
   * relu is 0, and the sides may round to either side of it; where they are apart, each is compared
   * with float64 on the side of the jump that it is nearer to.
   */
  private double error(double[] same, double[] theirs, double[] rows, int column) {
    double magnitude = Arrays.stream(theirs).map(Math::abs).max().orElse(0);
    double[] errors = new double[theirs.length];
    List<Integer> apart = new ArrayList<>();
    for (int i = 0; i < errors.length; i++) {
      errors[i] = Math.abs(same[i] - theirs[i]) / magnitude;
      if (errors[i] > BOUND && column != LOSS) {
        apart.add(i);
      }
    }
    if (!apart.isEmpty() && apart.size() <= MOST_KINKS) {
      int[] ids = apart.stream().mapToInt(i -> (int) rows[4 * i]).toArray();
      InfluenceBatch[] sides = ours.atKinks(weights, ids, q);
      for (int k = 0; k < ids.length; k++) {
        int i = apart.get(k);
        double[] truths = new double[sides.length];
        for (int side = 0; side < sides.length; side++) {
          truths[side] = (column == 0 ? sides[side].influence() : sides[side].gradNorm())[k];
        }
        errors[i] = Math.max(nearest(same[i], truths), nearest(theirs[i], truths)) / magnitude;
      }
    }
    return Arrays.stream(errors).reduce(0, Math::max); // keeps NaN
  }

  private static double nearest(double value, double[] truths) {
    return Arrays.stream(truths)
        .map(truth -> Math.abs(value - truth))
        .reduce(Double.POSITIVE_INFINITY, Math::min);
  }
}
