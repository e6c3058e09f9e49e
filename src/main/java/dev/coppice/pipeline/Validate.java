// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.backend.Backend;
import dev.coppice.data.Dataset;
import dev.coppice.data.InputException;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.io.DataFolder;
import dev.coppice.io.JsonFile;
import dev.coppice.model.SurrogateWeights;
import dev.coppice.score.Removals;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Does a score predict retraining? Trains the surrogate on all samples of a problem, scores them,
 * trains again on random halves and without some of the samples, and compares.
 */
public final class Validate {
  private static final int[] NONE = {};
  private static final int DEFAULT_SHARE = 20; // a group is a twentieth

  private final ValidateOptions options;
  private final Progress progress;
  private final StopRequest stop;

  private Validate(ValidateOptions options, Progress progress, StopRequest stop) {
    this.options = options;
    this.progress = progress;
    this.stop = stop;
  }

  /**
   * Does what is not done yet of a validation.
   *
   * @return the tables
   * @throws InputException if the data folder is wrong or has too few users; nothing is written
   * @throws dev.coppice.data.ConfigException if another process is at work on the folder
   * @throws MissingEnvironmentException if the backend asked for is not there
   * @throws StoppedException if {@code stop} was requested; finished retrainings are saved
   * @throws IOException if a result cannot be written
   */
  public static Outcome run(ValidateOptions options, Progress progress, StopRequest stop)
      throws IOException {
    return new Validate(options, progress, stop).run();
  }

  private Outcome run() throws IOException {
    ValidationFolder.check(options.out());
    Backends.require(options.run());
    Dataset all = DataFolder.read(options.data());
    int[] scorable = samples(all).scorable();
    Dataset dataset = chosen(all, scorable);
    SurrogateSamples samples = samples(dataset);
    int k = groupSize(samples.scorable().length);
    Backends.Opened opened = Backends.open(options.run());
    try (Backend backend = opened.backend();
        ValidationFolder folder = ValidationFolder.open(options.out());
        SurrogateRetraining learner =
            new SurrogateRetraining(
                backend, dataset, samples, options.train(), options.run().seed(), stop)) {
      opened.tell(progress);
      Map<String, String> prints =
          new InputFingerprints(
                  options.data(), Optional.empty(), Optional.empty(), Optional.empty())
              .all();
      RetrainingStore store =
          new RetrainingStore(folder.work(), inputs(backend, all, prints), learner.quantities());
      return validate(new Problem(backend, dataset, samples, k, learner, store), folder, prints);
    }
  }

  /** What is retrained, with what, and where it is kept. */
  private record Problem(
      Backend backend,
      Dataset dataset,
      SurrogateSamples samples,
      int k,
      SurrogateRetraining learner,
      RetrainingStore store) {}

  private SurrogateSamples samples(Dataset dataset) {
    TrainOptions train = options.train();
    return SurrogateTraining.samples(
        options.data(), dataset, train.maxLen(), train.holdout(), options.run().seed());
  }

  private Dataset chosen(Dataset all, int[] scorable) {
    int users = options.users().orElse(scorable.length);
    if (users > scorable.length || scorable.length < 2) {
      throw tooFew(
          users + " users asked for, " + scorable.length + " can be scored", "lower --users");
    }
    return all.rows(Removals.users(scorable, users, options.run().seed()));
  }

  private int groupSize(int users) {
    int k = options.k().orElse(Math.max(1, users / DEFAULT_SHARE));
    if (k >= users) {
      throw tooFew("--k leaves none of " + users + " users to train on", "lower --k");
    }
    return k;
  }

  private InputException tooFew(String what, String remedy) {
    return InputException.of(options.data().resolve("train.txt").toString(), what, remedy);
  }

  /** What the result of every retraining depends on. */
  private Map<String, String> inputs(Backend backend, Dataset all, Map<String, String> prints) {
    Map<String, String> inputs = new LinkedHashMap<>();
    inputs.put("coppice", Version.coppice());
    inputs.put("backend", backend.name());
    inputs.put("precision", options.run().precision());
    inputs.put("items", Integer.toString(all.items()));
    for (String file : List.of("data/train.txt", "data/valid.txt", "data/negatives.txt")) {
      inputs.put(file, prints.getOrDefault(file, "none"));
    }
    inputs.put("users", options.users().map(String::valueOf).orElse("all"));
    inputs.put("seed", Long.toString(options.run().seed()));
    ValidationResult.training(options.train())
        .forEach((name, value) -> inputs.put(name, value.toString()));
    return inputs;
  }

  private Outcome validate(Problem problem, ValidationFolder folder, Map<String, String> prints)
      throws IOException {
    SurrogateWeights full = fullModel(problem);
    List<ScoreColumn> scores =
        new ValidationScores(problem.backend(), full, problem.samples(), options, progress, stop)
            .all();
    int[] scorable = problem.samples().scorable();
    List<Removal> halves = new ArrayList<>();
    for (int number = 0; number < options.subsets(); number++) {
      int[] half = Removals.half(scorable, options.run().seed(), number);
      halves.add(new Removal("subset " + number, half));
    }
    List<Removal> leftOut = leftOut(problem, scores);
    List<Removal> every = new ArrayList<>(List.of(new Removal("nothing", NONE)));
    every.addAll(halves);
    every.addAll(leftOut);
    Retrained retrained = retrain(problem, every);
    ValidationResult result =
        new ValidationResult(options, problem.k(), scorable.length, scores, retrained);
    Map<String, Object> tables = result.tables(every.get(0), halves, leftOut);
    Map<String, Object> facts = result.about(problem.backend(), prints);
    facts.putAll(tables);
    JsonFile.write(folder.result(), facts);
    List<String> lines = new ArrayList<>(ValidationTable.lines(tables));
    lines.add("written to " + folder.result());
    Map<String, Object> told = new LinkedHashMap<>(tables);
    told.remove("sets");
    told.put("out", folder.result().toString());
    return new Outcome(lines, told);
  }

  private List<Removal> leftOut(Problem problem, List<ScoreColumn> scores) {
    int[] scorable = problem.samples().scorable();
    List<Removal> sets = new ArrayList<>();
    for (int number = 0; number < options.groups(); number++) {
      int[] group = Removals.group(scorable, problem.k(), options.run().seed(), number);
      sets.add(new Removal("group " + number, group));
    }
    for (ScoreColumn score : scores) {
      if (score.ranks()) {
        int[] top = Removals.extreme(scorable, problem.k(), score.values(), true);
        int[] bottom = Removals.extreme(scorable, problem.k(), score.values(), false);
        sets.add(new Removal("top of " + score.name(), top));
        sets.add(new Removal("bottom of " + score.name(), bottom));
      }
    }
    return sets;
  }

  /** The model that the scores are taken at: of the first seed, trained on all samples. */
  private SurrogateWeights fullModel(Problem problem) throws IOException {
    long seed = options.run().seed();
    Path file = problem.store().weights(seed, NONE);
    if (!Files.exists(file)) {
      progress.message("training on all samples");
      long started = System.nanoTime();
      SurrogateWeights trained = problem.learner().train(seed, NONE);
      SurrogateFile.write(file, trained);
      save(problem, seed, NONE, problem.learner().measure(trained), started);
    }
    return SurrogateFile.read(file, SurrogateView.OF_THE_FILE, problem.dataset().items());
  }

  private Retrained retrain(Problem problem, List<Removal> sets) throws IOException {
    Retrained retrained = new Retrained(problem.learner().quantities(), options.repeats());
    Set<Path> places = new HashSet<>(); // tops of like scores may be the same set
    for (int repeat = 0; repeat < options.repeats(); repeat++) {
      for (Removal set : sets) {
        places.add(problem.store().place(options.run().seed() + repeat, set.samples()));
      }
    }
    long found = places.stream().filter(Files::exists).count();
    try (Progress.Task task = progress.start("validate", found, places.size(), "retrainings")) {
      for (int repeat = 0; repeat < options.repeats(); repeat++) {
        for (Removal set : sets) {
          retrained.put(repeat, set, measured(problem, repeat, set, task));
        }
      }
    }
    return retrained;
  }

  private double[] measured(Problem problem, int repeat, Removal set, Progress.Task task)
      throws IOException {
    long seed = options.run().seed() + repeat;
    Optional<double[]> saved = problem.store().find(seed, set.samples());
    if (saved.isPresent()) {
      return saved.get();
    }
    long started = System.nanoTime();
    double[] measured = problem.learner().measure(problem.learner().train(seed, set.samples()));
    save(problem, seed, set.samples(), measured, started);
    task.advance(1, set.name());
    progress.event("retraining", Map.of("seed", seed, "removed", set.name()));
    stop.check();
    return measured;
  }

  private static void save(
      Problem problem, long seed, int[] removed, double[] measured, long started)
      throws IOException {
    problem.store().save(seed, removed, measured, (System.nanoTime() - started) * 1e-9);
  }
}
