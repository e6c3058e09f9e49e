// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.backend.Backend;
import dev.coppice.data.Dataset;
import dev.coppice.data.EvaluationSet;
import dev.coppice.data.EvaluationSet.Part;
import dev.coppice.data.InputException;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.model.Baselines;
import dev.coppice.model.RankingMetrics;
import dev.coppice.model.SasRecConfig;
import dev.coppice.model.SasRecTrainer;
import dev.coppice.model.SurrogateEvaluator;
import dev.coppice.model.SurrogateWeights;
import dev.coppice.model.TrainingConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Trains a surrogate and keeps the weights of the best evaluated epoch by validation NDCG@10 (ties:
 * the earlier one); without validation items those of the last epoch.
 */
final class SurrogateTraining {
  private static final int CUTOFF = 10;

  /** What happens around an epoch; the run's stage saves there. */
  interface Epochs {
    /** An epoch is begun. */
    void begin() throws IOException;

    /** An epoch is done; {@code note} says how it went. */
    void end(TrainingState state, String note) throws IOException;
  }

  private final Backend backend;
  private final Path data;
  private final Dataset dataset;
  private final TrainOptions options;
  private final long seed;
  private final EvaluationSet valid;

  SurrogateTraining(Backend backend, Path data, Dataset dataset, TrainOptions options, long seed) {
    this.backend = backend;
    this.data = data;
    this.dataset = dataset;
    this.options = options;
    this.seed = seed;
    this.valid = EvaluationSet.of(dataset, Part.VALID, options.maxLen());
  }

  /** The surrogate's shape. */
  static SasRecConfig config(Dataset dataset, TrainOptions options) {
    return new SasRecConfig(
        dataset.items(),
        options.hidden(),
        options.layers(),
        options.heads(),
        options.maxLen(),
        (float) options.dropout());
  }

  /**
   * The training view of a data set.
   *
   * @param data its folder, for the message
   * @throws InputException if no sample can be scored
   */
  static SurrogateSamples samples(Path data, Dataset dataset, int maxLen, int holdout, long seed) {
    SurrogateSamples samples = new SurrogateSamples(dataset, maxLen, holdout, seed);
    if (samples.scorable().length == 0) {
      throw InputException.of(
          data.resolve("train.txt").toString(),
          "no user has " + (holdout + 2) + " training items, so there is nothing to learn from",
          "give users with longer histories");
    }
    return samples;
  }

  /** Trains to the end, from the start or from where {@code found} is. */
  TrainingState train(Optional<TrainingState> found, Epochs epochs) throws IOException {
    SurrogateSamples samples = samples(data, dataset, options.maxLen(), options.holdout(), seed);
    SasRecConfig config = config(dataset, options);
    TrainingConfig training =
        new TrainingConfig(options.epochs(), options.batch(), (float) options.lr(), seed);
    try (SasRecTrainer trainer = new SasRecTrainer(backend, samples, config, training);
        SurrogateEvaluator evaluator = new SurrogateEvaluator(backend, config, valid)) {
      TrainingState state =
          found.orElseGet(
              () -> new TrainingState(0, trainer.state(), List.of(), 0, Optional.empty()));
      if (found.isPresent()) {
        trainer.restore(state.trainer());
      }
      while (!ended(state)) {
        epochs.begin();
        double loss = trainEpoch(trainer, state.epochs());
        state = next(state, loss, trainer, evaluator);
        epochs.end(state, note(state, loss));
      }
      return state;
    }
  }

  private static double trainEpoch(SasRecTrainer trainer, int epoch) {
    try {
      return trainer.trainEpoch(epoch);
    } catch (ArithmeticException diverged) {
      throw new DivergedException(diverged.getMessage(), diverged);
    }
  }

  private boolean ended(TrainingState state) {
    boolean patient = options.patience() == 0 || state.withoutBetter() < options.patience();
    return state.epochs() >= options.epochs() || !patient;
  }

  private TrainingState next(
      TrainingState before, double loss, SasRecTrainer trainer, SurrogateEvaluator evaluator) {
    int epoch = before.epochs() + 1;
    List<TrainingState.Evaluated> history = new ArrayList<>(before.history());
    int bestEpoch = before.bestEpoch();
    Optional<SurrogateWeights> best = before.best();
    if (options.evaluatesAfter(epoch)) {
      SurrogateWeights weights = trainer.weights();
      RankingMetrics metrics = evaluator.evaluate(weights);
      if (isBest(metrics, before)) {
        bestEpoch = epoch;
        best = Optional.of(weights);
      }
      history.add(new TrainingState.Evaluated(epoch, loss, metrics));
    }
    return new TrainingState(epoch, trainer.state(), history, bestEpoch, best);
  }

  private boolean isBest(RankingMetrics metrics, TrainingState before) {
    return valid.count() == 0
        || before.history().stream()
            .noneMatch(earlier -> earlier.valid().ndcgAt(CUTOFF) >= metrics.ndcgAt(CUTOFF));
  }

  private static String note(TrainingState state, double loss) {
    List<TrainingState.Evaluated> history = state.history();
    String text = String.format(Locale.ROOT, "loss %.4f", loss);
    if (history.isEmpty() || history.get(history.size() - 1).valid().users() == 0) {
      return text;
    }
    RankingMetrics last = history.get(history.size() - 1).valid();
    return text + String.format(Locale.ROOT, ", valid NDCG@10 %.4f", last.ndcgAt(CUTOFF));
  }

  /** What is known about a finished training: metrics of the weights kept, and two baselines. */
  Map<String, Object> facts(TrainingState state) {
    EvaluationSet test = EvaluationSet.of(dataset, Part.TEST, options.maxLen());
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("epochs", state.epochs());
    facts.put("kept_epoch", state.bestEpoch());
    facts.put("evaluations", TrainingStore.facts(state.history()));
    try (SurrogateEvaluator evaluator =
        new SurrogateEvaluator(backend, config(dataset, options), test)) {
      facts.put("test", Ranking.facts(evaluator.evaluate(state.best().orElseThrow())));
    }
    Map<String, Object> baselines = new LinkedHashMap<>();
    baselines.put(
        "popularity",
        baseline(Baselines.popularity(dataset, valid), Baselines.popularity(dataset, test)));
    baselines.put(
        "successors",
        baseline(Baselines.successors(dataset, valid), Baselines.successors(dataset, test)));
    facts.put("baselines", baselines);
    if (valid.count() == 0) {
      facts.put("note", "no validation items: the last epoch is kept");
    }
    return facts;
  }

  private static Map<String, Object> baseline(RankingMetrics valid, RankingMetrics test) {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("valid", Ranking.facts(valid));
    facts.put("test", Ranking.facts(test));
    return facts;
  }
}
