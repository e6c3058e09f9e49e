// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import static dev.coppice.pipeline.StageName.SCORE_EFFORT;
import static dev.coppice.pipeline.StageName.SCORE_INFLUENCE;
import static dev.coppice.pipeline.StageName.SELECT;
import static dev.coppice.pipeline.StageName.TRAIN_SURROGATE;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/**
 * Every option of {@code prune} with the stages whose result it may change. Such a stage runs again
 * when the value changes; later stages follow through the fingerprints of the files they read. A
 * value of null means that the option has no part in this run (LiSSA's steps under cg).
 */
enum RunOption {
  DATA("data", o -> o.data().toAbsolutePath().toString()), // the content counts, not the place
  OUT("out", o -> o.out().toAbsolutePath().toString()),
  LLM("llm", o -> o.llm().map(path -> path.toAbsolutePath().toString()).orElse(null)),
  ADAPTER("adapter", o -> o.adapter().map(path -> path.toAbsolutePath().toString()).orElse(null)),
  BACKEND("backend", o -> o.run().backend().name().toLowerCase(Locale.ROOT)),
  PRECISION("precision", o -> o.run().precision(), TRAIN_SURROGATE, SCORE_INFLUENCE, SCORE_EFFORT),
  THREADS("threads", o -> o.run().threads()),
  MEMORY("memory", o -> o.effort().memoryBytes()),
  SEED("seed", o -> o.run().seed(), TRAIN_SURROGATE, SCORE_INFLUENCE, SELECT),
  LORA_SEED(
      "seed of a fresh LoRA adapter",
      o -> o.llm().isPresent() && o.adapter().isEmpty() ? o.run().seed() : null,
      SCORE_EFFORT),
  EPOCHS("epochs", o -> o.train().epochs(), TRAIN_SURROGATE),
  EVAL_EVERY("eval-every", o -> o.train().evalEvery(), TRAIN_SURROGATE),
  PATIENCE("patience", o -> o.train().patience(), TRAIN_SURROGATE),
  BATCH("batch", o -> o.train().batch(), TRAIN_SURROGATE),
  LR("lr", o -> o.train().lr(), TRAIN_SURROGATE),
  HIDDEN("hidden", o -> o.train().hidden(), TRAIN_SURROGATE),
  LAYERS("layers", o -> o.train().layers(), TRAIN_SURROGATE),
  HEADS("heads", o -> o.train().heads(), TRAIN_SURROGATE),
  MAX_LEN("max-len", o -> o.train().maxLen(), TRAIN_SURROGATE),
  DROPOUT("dropout", o -> o.train().dropout(), TRAIN_SURROGATE),
  HOLDOUT("holdout", o -> o.train().holdout(), TRAIN_SURROGATE, SCORE_INFLUENCE),
  SOLVER("solver", o -> o.influence().solver(), SCORE_INFLUENCE),
  DAMPING("damping", o -> o.influence().damping(), SCORE_INFLUENCE),
  TOLERANCE("tolerance", only("cg", o -> o.influence().tolerance()), SCORE_INFLUENCE),
  CURVATURE("curvature", o -> o.influence().curvature(), SCORE_INFLUENCE),
  PARAMS("params", o -> o.influence().params(), SCORE_INFLUENCE),
  LISSA_SCALE(
      "lissa-scale", only("lissa", o -> o.influence().lissaScale().orElse(null)), SCORE_INFLUENCE),
  LISSA_STEPS("lissa-steps", only("lissa", o -> o.influence().lissaSteps()), SCORE_INFLUENCE),
  LISSA_BATCH("lissa-batch", only("lissa", o -> o.influence().lissaBatch()), SCORE_INFLUENCE),
  CURVATURE_REPORT("curvature-report", o -> o.influence().curvatureReport(), SCORE_INFLUENCE),
  EFFORT_PARAMS("effort-params", withLlm(o -> o.effort().params()), SCORE_EFFORT),
  CUTOFF("cutoff", withLlm(o -> o.effort().cutoff()), SCORE_EFFORT),
  LOSS("loss", withLlm(o -> o.effort().loss()), SCORE_EFFORT),
  SHARED_PREFIX("shared-prefix", withLlm(o -> o.effort().sharedPrefix()), SCORE_EFFORT),
  N("n", o -> o.select().n(), SELECT),
  LAMBDA("lambda", withLlm(o -> o.select().lambda()), SELECT),
  STRATA("strata", o -> o.select().strata(), SELECT),
  HARD_PRUNE("hard-prune", o -> o.select().hardPrune(), SELECT),
  STRATEGY("strategy", o -> o.select().strategy(), SELECT);

  private final String label;
  private final Function<PruneOptions, Object> value;
  private final List<StageName> invalidates;

  RunOption(String label, Function<PruneOptions, Object> value, StageName... invalidates) {
    this.label = label;
    this.value = value;
    this.invalidates = List.of(invalidates);
  }

  private static Function<PruneOptions, Object> only(
      String solver, Function<PruneOptions, Object> value) {
    return options -> options.influence().solver().equals(solver) ? value.apply(options) : null;
  }

  private static Function<PruneOptions, Object> withLlm(Function<PruneOptions, Object> value) {
    return options -> options.llm().isPresent() ? value.apply(options) : null;
  }

  /** The long option's name without dashes. */
  String label() {
    return label;
  }

  /** Stages whose result the option may change. */
  List<StageName> invalidates() {
    return invalidates;
  }

  /** Labels and values of the options that matter to a stage of this run. */
  static Map<String, String> inputsOf(StageName stage, PruneOptions options) {
    Map<String, String> inputs = new LinkedHashMap<>();
    Arrays.stream(values())
        .filter(option -> option.invalidates.contains(stage))
        .filter(option -> option.value.apply(options) != null)
        .forEach(option -> inputs.put(option.label, option.value.apply(options).toString()));
    return inputs;
  }

  /** Labels and values of all options that have a part in this run. */
  static Map<String, Object> configuration(PruneOptions options) {
    Map<String, Object> all = new LinkedHashMap<>();
    Arrays.stream(values())
        .filter(option -> option != LORA_SEED && option.value.apply(options) != null)
        .forEach(option -> all.put(option.label, option.value.apply(options)));
    return all;
  }

  /** The command line that repeats a run: what differs from the defaults. */
  static String command(PruneOptions options) {
    Map<String, Object> defaults =
        configuration(
            new PruneOptions(
                options.data(),
                options.out(),
                options.llm(),
                options.adapter(),
                new RunOptions(BackendChoice.AUTO, options.run().threads(), RunOptions.SEED),
                TrainOptions.DEFAULT,
                InfluenceOptions.DEFAULT,
                EffortOptions.DEFAULT,
                SelectOptions.DEFAULT));
    StringBuilder command = new StringBuilder("coppice prune");
    configuration(options)
        .forEach(
            (label, value) -> {
              boolean place =
                  List.of(DATA, OUT, LLM, ADAPTER).stream().anyMatch(o -> o.label.equals(label));
              if (place || !value.equals(defaults.get(label))) {
                command.append(" --").append(label).append(' ').append(quoted(value.toString()));
              }
            });
    return command.toString();
  }

  private static String quoted(String value) {
    return value.matches("[\\w./:@%+=-]+") ? value : "'" + value.replace("'", "'\\''") + "'";
  }
}
