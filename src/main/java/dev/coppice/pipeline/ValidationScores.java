// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.backend.Backend;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.model.SurrogateWeights;
import dev.coppice.random.Philox;
import dev.coppice.random.Purpose;
import dev.coppice.score.InfluenceBatch;
import dev.coppice.score.InfluenceScorer;
import dev.coppice.solve.IhvpSolution;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The scores that a validation compares, at the model that was trained on all samples. */
final class ValidationScores {
  /** What an influence score is compared with: the same gradients without curvature. */
  private static final String GRADIENT_DOT = "gradient dot ";

  private static final int RANDOM = 4; // counter c of Purpose.VALIDATION

  private final Backend backend;
  private final SurrogateWeights weights;
  private final SurrogateSamples samples;
  private final ValidateOptions options;
  private final Progress progress;
  private final StopRequest stop;
  private final List<ScoreColumn> columns = new ArrayList<>();

  ValidationScores(
      Backend backend,
      SurrogateWeights weights,
      SurrogateSamples samples,
      ValidateOptions options,
      Progress progress,
      StopRequest stop) {
    this.backend = backend;
    this.weights = weights;
    this.samples = samples;
    this.options = options;
    this.progress = progress;
    this.stop = stop;
  }

  /**
   * Influence scores in the order asked for, then gradient dot product and norm of each parameter
   * set, then what costs no gradient.
   *
   * @throws dev.coppice.solve.SolverException if one cannot be solved for
   */
  List<ScoreColumn> all() {
    Map<String, InfluenceOptions> parameterSets = new LinkedHashMap<>();
    for (InfluenceOptions influence : options.influence()) {
      stop.check();
      addInfluence(influence);
      parameterSets.putIfAbsent(influence.params(), influence);
    }
    InfluenceBatch last = null;
    for (InfluenceOptions influence : parameterSets.values()) {
      stop.check();
      last = addGradients(influence);
    }
    add("loss", last.loss(), Optional.empty(), true, Map.of());
    addTransitions();
    addRandom();
    return columns;
  }

  private InfluenceScorer scorer(InfluenceOptions influence) {
    return InfluenceSetup.scorer(backend, weights, samples, influence, options.run().seed());
  }

  private void addInfluence(InfluenceOptions influence) {
    String name =
        "influence %s %s %s%s"
            .formatted(
                influence.params(),
                influence.curvature(),
                plain(influence.damping()),
                influence.solver().equals("cg") ? "" : " " + influence.solver());
    progress.message("scoring " + name);
    try (InfluenceScorer scorer = scorer(influence)) {
      IhvpSolution solution = scorer.solve();
      double[] scores = scorer.score(samples.scorable()).influence();
      Map<String, Object> facts = new LinkedHashMap<>(solution.facts());
      facts.put("damping", scorer.damping());
      add(name, scores, Optional.of(GRADIENT_DOT + influence.params()), true, facts);
      addByTransitions(name, scores);
    }
  }

  /** A damping without trailing zeros and exponents. */
  private static String plain(String damping) {
    String unit = damping.endsWith("x") ? "x" : "";
    String number = damping.substring(0, damping.length() - unit.length());
    return new BigDecimal(number).stripTrailingZeros().toPlainString() + unit;
  }

  private InfluenceBatch addGradients(InfluenceOptions influence) {
    String name = GRADIENT_DOT + influence.params();
    progress.message("scoring " + name);
    try (InfluenceScorer scorer = scorer(influence)) {
      scorer.use(scorer.meanGradient());
      InfluenceBatch batch = scorer.score(samples.scorable());
      add(name, batch.influence(), Optional.empty(), true, Map.of());
      add(
          "gradient norm " + influence.params(),
          batch.gradNorm(),
          Optional.empty(),
          true,
          Map.of());
      return batch;
    }
  }

  /**
   * {@code m(s) (I(s) - mean)}, with m the transitions and the mean weighted by them: to first
   * order what leaving s out does to a training that averages over the positions of a batch, where
   * influence as published averages over samples and takes the gradient of the rest to be 0.
   */
  private void addByTransitions(String name, double[] scores) {
    int[] scorable = samples.scorable();
    double sum = 0;
    double transitions = 0;
    for (int i = 0; i < scores.length; i++) {
      sum += samples.transitions(scorable[i]) * scores[i];
      transitions += samples.transitions(scorable[i]);
    }
    double[] weighted = new double[scores.length];
    for (int i = 0; i < scores.length; i++) {
      weighted[i] = samples.transitions(scorable[i]) * (scores[i] - sum / transitions);
    }
    add(name + ", by transitions", weighted, Optional.empty(), false, Map.of());
  }

  private void addTransitions() {
    int[] scorable = samples.scorable();
    double[] counts = new double[scorable.length];
    for (int i = 0; i < counts.length; i++) {
      counts[i] = samples.transitions(scorable[i]);
    }
    add("transitions", counts, Optional.empty(), true, Map.of());
  }

  private void addRandom() {
    int[] scorable = samples.scorable();
    double[] drawn = new double[scorable.length];
    for (int i = 0; i < drawn.length; i++) {
      drawn[i] = Philox.uniform(options.run().seed(), Purpose.VALIDATION, scorable[i], 0, RANDOM);
    }
    add("random", drawn, Optional.empty(), false, Map.of());
  }

  private void add(
      String name,
      double[] ofScorable,
      Optional<String> against,
      boolean ranks,
      Map<String, Object> facts) {
    int[] scorable = samples.scorable();
    double[] values = new double[scorable[scorable.length - 1] + 1];
    for (int i = 0; i < scorable.length; i++) {
      values[scorable[i]] = ofScorable[i];
    }
    columns.add(new ScoreColumn(name, values, against, ranks, facts));
  }
}
