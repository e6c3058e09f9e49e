// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.backend.Backend;
import dev.coppice.score.DatastoreScore;
import dev.coppice.score.Estimate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * {@code validate.json}: what was asked, what retraining gave, and what the scores had predicted.
 * It holds nothing that differs between a validation that was interrupted and one that was not.
 */
final class ValidationResult {
  private static final int FORMAT = 1;

  private final ValidateOptions options;
  private final int k;
  private final int users;
  private final List<ScoreColumn> scores;
  private final Retrained retrained;

  /**
   * Takes everything.
   *
   * @param k samples of a group
   * @param users samples of the problem
   */
  ValidationResult(
      ValidateOptions options, int k, int users, List<ScoreColumn> scores, Retrained retrained) {
    this.options = options;
    this.k = k;
    this.users = users;
    this.scores = scores;
    this.retrained = retrained;
  }

  /** The options of the training, by name. */
  static Map<String, Object> training(TrainOptions train) {
    Map<String, Object> training = new LinkedHashMap<>();
    training.put("epochs", train.epochs());
    training.put("batch", train.batch());
    training.put("lr", train.lr());
    training.put("hidden", train.hidden());
    training.put("layers", train.layers());
    training.put("heads", train.heads());
    training.put("max-len", train.maxLen());
    training.put("dropout", train.dropout());
    training.put("holdout", train.holdout());
    return training;
  }

  /** What was asked, with what. */
  Map<String, Object> about(Backend backend, Map<String, String> prints) {
    Map<String, Object> about = new LinkedHashMap<>();
    about.put("format", FORMAT);
    Map<String, Object> versions = new LinkedHashMap<>();
    versions.put("coppice", Version.coppice());
    versions.put("java", Version.java());
    versions.put("system", Version.system());
    about.put("versions", versions);
    about.put("backend", backend.name());
    about.put("device", backend.description());
    Map<String, Object> configuration = new LinkedHashMap<>();
    configuration.put("data", options.data().toString());
    configuration.put("seed", options.run().seed());
    configuration.put("users", users);
    configuration.put("subsets", options.subsets());
    configuration.put("groups", options.groups());
    configuration.put("k", k);
    configuration.put("repeats", options.repeats());
    configuration.put("bootstrap", options.bootstrap());
    configuration.putAll(training(options.train()));
    about.put("configuration", configuration);
    about.put("fingerprints", prints);
    return about;
  }

  /**
   * The tables: {@code full} model, {@code scores} and how they were computed, {@code
   * datastore_score} with intervals, {@code left_out} tops and bottoms, and all {@code sets}.
   *
   * @param nothing the empty set
   * @param halves random halves
   * @param leftOut random groups, tops and bottoms
   */
  Map<String, Object> tables(Removal nothing, List<Removal> halves, List<Removal> leftOut) {
    Map<String, Object> tables = new LinkedHashMap<>();
    tables.put("users", users);
    tables.put("repeats", retrained.repeats());
    Map<String, Object> full = new LinkedHashMap<>();
    retrained.quantities().forEach(name -> full.put(name, retrained.mean(name, nothing)));
    tables.put("full", full);
    if (retrained.repeats() > 1) {
      Map<String, Object> agreement = new LinkedHashMap<>();
      retrained
          .quantities()
          .forEach(name -> agreement.put(name, retrained.agreement(name, halves)));
      tables.put("agreement", agreement);
    }
    Map<String, Object> computed = new LinkedHashMap<>();
    scores.forEach(score -> computed.put(score.name(), score.facts()));
    tables.put("scores", computed);
    tables.put("datastore_score", datastoreScores(halves));
    tables.put("left_out", leftOut(nothing, leftOut));
    List<Removal> all = new ArrayList<>(List.of(nothing));
    all.addAll(halves);
    all.addAll(leftOut);
    tables.put("sets", sets(all));
    return tables;
  }

  private List<Object> datastoreScores(List<Removal> halves) {
    List<int[]> removed = halves.stream().map(Removal::samples).toList();
    List<Object> rows = new ArrayList<>();
    for (ScoreColumn score : scores) {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("score", score.name());
      for (String quantity : retrained.quantities()) {
        DatastoreScore lds =
            new DatastoreScore(
                removed,
                retrained.means(quantity, halves),
                options.bootstrap(),
                options.run().seed());
        Map<String, Object> cell = facts("lds", lds.of(score.values()));
        gradientDot(score)
            .ifPresent(
                dot ->
                    cell.put(
                        "above_gradient_dot",
                        facts("difference", lds.difference(score.values(), dot.values()))));
        row.put(quantity, cell);
      }
      rows.add(row);
    }
    return rows;
  }

  /** What an influence score is compared with. */
  private Optional<ScoreColumn> gradientDot(ScoreColumn score) {
    return score
        .against()
        .flatMap(name -> scores.stream().filter(other -> other.name().equals(name)).findFirst());
  }

  private static Map<String, Object> facts(String name, Estimate estimate) {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put(name, estimate.value());
    facts.put("low", estimate.low());
    facts.put("high", estimate.high());
    return facts;
  }

  private List<Object> leftOut(Removal nothing, List<Removal> leftOut) {
    List<Object> rows = new ArrayList<>();
    for (Removal set : leftOut) {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("removed", set.name());
      for (String quantity : retrained.quantities()) {
        row.put(quantity, retrained.mean(quantity, set) - retrained.mean(quantity, nothing));
      }
      scores.stream()
          .filter(score -> score.predicts() && set.name().endsWith(" of " + score.name()))
          .forEach(
              score ->
                  row.put(
                      "predicted",
                      DatastoreScore.predicted(List.of(set.samples()), score.values())[0] / users));
      rows.add(row);
    }
    return rows;
  }

  private List<Object> sets(List<Removal> all) {
    List<Object> sets = new ArrayList<>();
    for (Removal set : all) {
      Map<String, Object> facts = new LinkedHashMap<>();
      facts.put("set", set.name());
      facts.put("removed", set.samples().length);
      retrained.quantities().forEach(name -> facts.put(name, retrained.each(name, set)));
      Map<String, Object> predicted = new LinkedHashMap<>();
      for (ScoreColumn score : scores) {
        predicted.put(
            score.name(),
            DatastoreScore.predicted(List.of(set.samples()), score.values())[0] / users);
      }
      facts.put("predicted", predicted);
      sets.add(facts);
    }
    return sets;
  }
}
