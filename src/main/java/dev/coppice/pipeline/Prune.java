// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.backend.Backend;
import dev.coppice.data.ConfigException;
import dev.coppice.data.Dataset;
import dev.coppice.data.InputException;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.io.DataFolder;
import dev.coppice.io.HfCheckpoint;
import dev.coppice.io.PromptTokenizer;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The whole of a run: from a data folder, and perhaps a language model, to a selection. */
public final class Prune {
  static final String WITHOUT_LLM =
      "no --llm is given: pruned by influence alone, without the effort score";
  static final String GENERIC_PROMPT =
      "the data folder has no prompt.json: a generic instruction is used";

  private final PruneOptions options;
  private final Progress progress;
  private final StopRequest stop;
  private final BackendSource backends;

  /** Opens the backend of a run. */
  interface BackendSource {
    Backends.Opened open(RunOptions options);
  }

  private Prune(PruneOptions options, Progress progress, StopRequest stop, BackendSource backends) {
    this.options = options;
    this.progress = progress;
    this.stop = stop;
    this.backends = backends;
  }

  /**
   * Does what is not done yet of a run.
   *
   * @return a summary; the last line is the absolute path of the report
   * @throws dev.coppice.data.InputException if a file or folder given is wrong; nothing is written
   * @throws ConfigException if options contradict files, or another run is at work on the folder
   * @throws MissingEnvironmentException if the backend asked for is not there
   * @throws StoppedException after saving, if {@code stop} was requested
   * @throws IOException if a result cannot be written
   */
  public static Outcome run(PruneOptions options, Progress progress, StopRequest stop)
      throws IOException {
    Backends.require(options.run());
    return run(options, progress, stop, Backends::open);
  }

  /** The same on a backend from elsewhere: of a device that no user may ask for. */
  static Outcome run(
      PruneOptions options, Progress progress, StopRequest stop, BackendSource backends)
      throws IOException {
    return new Prune(options, progress, stop, backends).run();
  }

  private Outcome run() throws IOException {
    RunFolder.check(options.out());
    Dataset dataset = DataFolder.read(options.data());
    Optional<HfCheckpoint> checkpoint =
        options.llm().map(folder -> HfCheckpoint.open(folder, options.adapter()));
    requireCandidates(dataset);
    checkpoint.ifPresent(this::requireFits);
    InputFingerprints files =
        new InputFingerprints(options.data(), options.llm(), options.adapter(), checkpoint);
    Backends.Opened opened = backends.open(options.run());
    try (Backend backend = opened.backend();
        RunFolder folder = RunFolder.open(options.out())) {
      opened.tell(progress);
      if (checkpoint.isEmpty()) {
        progress.message(WITHOUT_LLM);
      } else if (dataset.prompt().generic()) {
        progress.message(GENERIC_PROMPT);
      }
      RunContext context = new RunContext(options, folder, dataset, checkpoint, files, backend);
      return run(context, opened.why());
    }
  }

  /** Fails early what selection would refuse late. */
  private void requireCandidates(Dataset dataset) {
    SurrogateSamples samples =
        SurrogateTraining.samples(
            options.data(),
            dataset,
            options.train().maxLen(),
            options.train().holdout(),
            options.run().seed());
    int scorable = samples.scorable().length;
    int pruned = options.select().config(options.run().seed()).hardPruned(scorable);
    if (scorable - pruned < options.select().n()) {
      throw InputException.of(
          options.data().resolve("train.txt").toString(),
          options.select().n()
              + " samples asked for, "
              + (scorable - pruned)
              + " can be selected ("
              + scorable
              + " scorable, "
              + pruned
              + " of them hard-pruned)",
          "lower --n or --hard-prune");
    }
  }

  private void requireFits(HfCheckpoint checkpoint) {
    int positions = checkpoint.config().maxPositions();
    if (options.effort().cutoff() > positions) {
      throw new ConfigException(
          "--cutoff is "
              + options.effort().cutoff()
              + ", the model has "
              + positions
              + " positions; give at most that");
    }
    PromptTokenizer.openModel(options.llm().orElseThrow()).close();
  }

  private Outcome run(RunContext context, String whyBackend) throws IOException {
    describe(context, whyBackend);
    String state = "failed";
    try {
      runStages(context);
      state = "finished";
    } catch (StoppedException stopped) {
      state = "stopped";
      throw stopped;
    } finally {
      context.folder().manifest().put("state", state);
      context
          .folder()
          .manifest()
          .put(
              "unscorable",
              UnscorableFacts.of(RunReportModel.unscorable(context.folder().manifest())));
      context.folder().manifest().save();
    }
    return new RunSummary(context).outcome();
  }

  private void describe(RunContext context, String whyBackend) {
    RunManifest manifest = context.folder().manifest();
    manifest.put("state", "running");
    manifest.put("started", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    Map<String, Object> versions = new LinkedHashMap<>();
    versions.put("coppice", Version.coppice());
    versions.put("java", Version.java());
    versions.put("system", Version.system());
    manifest.put("versions", versions);
    manifest.put("backend", context.backend().name());
    manifest.put("backend_why", whyBackend);
    manifest.put("device", context.backend().description());
    manifest.put("precision", options.run().precision());
    manifest.put("seeds", Map.of("seed", options.run().seed()));
    manifest.put("configuration", RunOption.configuration(options));
    manifest.put("fingerprints", context.files().all());
  }

  private void runStages(RunContext context) throws IOException {
    Pipeline pipeline = new Pipeline(context.folder(), progress, stop);
    Set<StageName> reused = EnumSet.noneOf(StageName.class);
    if (context.checkpoint().isPresent()) {
      tryModel(context);
    } else {
      StageRecord effort = context.folder().manifest().stage(StageName.SCORE_EFFORT);
      effort.state = effort.attempts > 0 ? StageRecord.State.UNUSED : effort.state;
    }
    run(pipeline, new TrainSurrogateStage(context), reused);
    run(pipeline, new ScoreInfluenceStage(context), reused);
    if (context.checkpoint().isPresent()) {
      run(pipeline, new ScoreEffortStage(context), reused);
    }
    run(pipeline, new SelectStage(context), reused);
    run(pipeline, new ReportStage(context, reused), reused);
  }

  private static void run(Pipeline pipeline, Stage stage, Set<StageName> reused)
      throws IOException {
    if (pipeline.run(stage)) {
      reused.add(stage.name());
    }
  }

  /** Opens the model once before hours of training: memory and adapter must fit. */
  private void tryModel(RunContext context) {
    StageRecord effort = context.folder().manifest().stage(StageName.SCORE_EFFORT);
    if (effort.state != StageRecord.State.FINISHED) {
      HfCheckpoint checkpoint = context.checkpoint().orElseThrow();
      EffortModel.tryOut(context.backend(), checkpoint, options.effort(), options.run().seed());
    }
  }
}
