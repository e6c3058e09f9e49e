// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.SharedData;
import dev.coppice.TestedBackend;
import dev.coppice.backend.Backend;
import dev.coppice.data.Dataset;
import dev.coppice.data.EvaluationSet;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.io.DataFolder;
import dev.coppice.model.RankingMetrics;
import dev.coppice.model.SasRecConfig;
import dev.coppice.model.SasRecTrainer;
import dev.coppice.model.SurrogateEvaluator;
import dev.coppice.model.SurrogateWeights;
import dev.coppice.model.TrainingConfig;
import dev.coppice.solve.IhvpSolution;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * A real data set of 45,774 scorable samples: training reaches the metrics of the published code,
 * and every sample gets a score. Minutes; run with {@code -Dcoppice.slow=true}; the numbers are
 * then in target/games.txt.
 */
@EnabledIfSystemProperty(named = "coppice.slow", matches = "true")
class GamesTest {
  private static final int EPOCHS = 10;
  private static final long[] SEEDS = {42, 43, 44};

  @Test
  void tenEpochsReachThePublishedMetricsAndAllSamplesAreScored() throws IOException {
    List<String> report = new ArrayList<>();
    Dataset games = DataFolder.read(SharedData.root().orElseThrow().resolve("data/games"));
    SasRecConfig config = new SasRecConfig(games.items(), 64, 2, 2, 50, 0.5f);
    EvaluationSet valid = EvaluationSet.of(games, EvaluationSet.Part.VALID, config.maxLen());
    EvaluationSet test = EvaluationSet.of(games, EvaluationSet.Part.TEST, config.maxLen());
    double recall = 0;
    double ndcg = 0;
    try (Backend backend = TestedBackend.CPU.open()) {
      SurrogateWeights weights = null;
      for (long seed : SEEDS) {
        SurrogateSamples samples = new SurrogateSamples(games, config.maxLen(), 0, seed);
        assertEquals(45774, samples.scorable().length);
        weights = trained(backend, samples, config, seed, report);
        RankingMetrics metrics = evaluated(backend, weights, valid);
        report.add("seed " + seed + " valid " + metrics);
        report.add("seed " + seed + " test " + evaluated(backend, weights, test));
        recall += metrics.recallAt(10) / SEEDS.length;
        ndcg += metrics.ndcgAt(10) / SEEDS.length;
      }
      report.add("mean valid Recall@10 " + recall + ", NDCG@10 " + ndcg);
      score(backend, weights, new SurrogateSamples(games, config.maxLen(), 0, 44), report);
    }
    Files.write(Path.of("target/games.txt"), report);
    assertTrue(recall >= 0.0160, "Recall@10 " + recall);
    assertTrue(ndcg >= 0.0102, "NDCG@10 " + ndcg);
  }

  private static SurrogateWeights trained(
      Backend backend,
      SurrogateSamples samples,
      SasRecConfig config,
      long seed,
      List<String> report) {
    TrainingConfig training = new TrainingConfig(EPOCHS, 500, 1e-3f, seed);
    try (SasRecTrainer trainer = new SasRecTrainer(backend, samples, config, training)) {
      long start = System.nanoTime();
      double loss = 0;
      for (int epoch = 0; epoch < EPOCHS; epoch++) {
        loss = trainer.trainEpoch(epoch);
      }
      double seconds = (System.nanoTime() - start) / 1e9 / EPOCHS;
      report.add("an epoch %.2f s, last loss %.4f".formatted(seconds, loss));
      return trainer.weights();
    }
  }

  private static RankingMetrics evaluated(
      Backend backend, SurrogateWeights weights, EvaluationSet set) {
    try (SurrogateEvaluator evaluator = new SurrogateEvaluator(backend, weights.config(), set)) {
      return evaluator.evaluate(weights);
    }
  }

  private static void score(
      Backend backend, SurrogateWeights weights, SurrogateSamples samples, List<String> report) {
    long start = System.nanoTime();
    try (InfluenceScorer scorer =
        new InfluenceScorer(backend, weights, samples, InfluenceConfig.DEFAULT)) {
      IhvpSolution solution = scorer.solve();
      InfluenceBatch scores = scorer.score(samples.scorable());
      double seconds = (System.nanoTime() - start) / 1e9;
      report.add("influence %.2f s, %s".formatted(seconds, solution.facts()));
      assertTrue(solution.residual() <= 1e-6, "residual " + solution.residual());
      assertTrue(Arrays.stream(scores.influence()).allMatch(Double::isFinite));
      assertTrue(Arrays.stream(scores.gradNorm()).allMatch(norm -> norm > 0));
      // The mean over samples of g(s).q is gbar.q, which is positive for a definite matrix.
      assertTrue(Arrays.stream(scores.influence()).sum() > 0);
    }
  }
}
