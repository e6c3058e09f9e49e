// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.data.Dataset;
import dev.coppice.data.Loss;
import dev.coppice.data.Scores;
import dev.coppice.data.SharedPrefix;
import dev.coppice.data.Unscorable;
import dev.coppice.io.PromptTokenizer;
import dev.coppice.io.ScoreCsv;
import dev.coppice.score.EffortBatch;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;

/** Scores effort; its units are segments of one macro-batch each. */
final class ScoreEffortStage implements Stage {
  static final String OUTPUT = "effort.csv";
  private static final String SEGMENTS = "effort.segments";

  private final RunContext context;

  ScoreEffortStage(RunContext context) {
    this.context = context;
  }

  @Override
  public StageName name() {
    return StageName.SCORE_EFFORT;
  }

  @Override
  public Map<String, String> inputs() {
    Map<String, String> inputs = new LinkedHashMap<>(context.engine());
    inputs.putAll(RunOption.inputsOf(name(), context.options()));
    inputs.putAll(context.files().of("data/train.txt", "data/items.tsv", "data/prompt.json"));
    inputs.putAll(context.files().under("llm/", "adapter/"));
    return inputs;
  }

  @Override
  public List<String> outputs() {
    return List.of(OUTPUT);
  }

  @Override
  public void discard() throws IOException {
    Files.deleteIfExists(context.folder().work(SEGMENTS));
  }

  @Override
  public void run(StageRun run) throws IOException {
    Dataset dataset = context.dataset();
    int[] samples = EffortScoring.withHistory(context.options().data(), dataset);
    List<Unscorable> unscorable = new ArrayList<>(EffortScoring.withoutHistory(dataset));
    Scores scores;
    try (ScoreSegments segments =
        ScoreSegments.open(context.folder().work(SEGMENTS), run.key(), EffortScoring.COLUMNS)) {
      run.found(segments.count(), 0);
      int[] left = Arrays.stream(samples).filter(sample -> !segments.has(sample)).toArray();
      try (EffortTokens tokens = tokenize(run, left)) {
        if (tokens.count() > 0) {
          score(run, tokens, segments, samples.length - left.length);
        }
        unscorable.addAll(tokens.unscorable());
      }
      scores = segments.scores();
    }
    run.fact("unscorable", UnscorableFacts.of(unscorable));
    run.fact("tokens", (long) Arrays.stream(scores.column("tokens")).sum());
    run.fact("adapter", context.checkpoint().orElseThrow().hasAdapter() ? "given" : "fresh");
    run.fact("prompt", dataset.prompt().generic() ? "generic" : "prompt.json");
    ScoreCsv.write(context.folder().file(OUTPUT), scores);
  }

  private EffortTokens tokenize(StageRun run, int[] samples) throws IOException {
    PruneOptions options = context.options();
    Loss loss = Loss.valueOf(options.effort().loss().toUpperCase(Locale.ROOT));
    int cutoff = options.effort().cutoff();
    try (PromptTokenizer tokenizer = PromptTokenizer.openModel(options.llm().orElseThrow());
        Progress.Task task = run.progress().start("tokens", 0, samples.length, "samples")) {
      return EffortTokens.of(
          context.folder().workFolder(),
          samples,
          ids -> tokenizer.tokenize(context.dataset(), ids, cutoff, loss, options.run().threads()),
          task);
    }
  }

  private void score(StageRun run, EffortTokens tokens, ScoreSegments segments, int done)
      throws IOException {
    PruneOptions options = context.options();
    SharedPrefix prefix = prefix(run, tokens);
    run.fact("shared_prefix", prefix.length());
    run.save();
    try (MemoryWatch memory = new MemoryWatch();
        EffortModel model =
            new EffortModel(
                context.backend(),
                context.checkpoint().orElseThrow(),
                options.effort(),
                options.run().seed(),
                prefix)) {
      EffortScoring scoring = new EffortScoring(model, tokens, memory);
      scoring.lines().forEach(run.progress()::message);
      run.progress().event("plan", scoring.facts());
      run.fact("plan", scoring.facts());
      try (Progress.Task task =
          run.progress().start(name().label(), done, done + tokens.count(), "samples")) {
        scoring.score(new SavedSegments(run, segments, task));
      }
      run.progress().message(scoring.measuredLine());
      run.progress().event("measured", scoring.measured());
      run.fact("measured", scoring.measured());
    }
  }

  /** What the samples of the whole data set share: found at the first start, then recorded. */
  private SharedPrefix prefix(StageRun run, EffortTokens left) throws IOException {
    if (!context.options().effort().sharesPrefix()) {
      return SharedPrefix.NONE;
    }
    OptionalInt recorded = run.recorded("shared_prefix");
    return recorded.isPresent()
        ? SharedPrefix.ofFirst(left.get(0), recorded.getAsInt())
        : left.shared(context.checkpoint().orElseThrow().config().shortTexts());
  }

  /** Saves each macro-batch as a segment. */
  private record SavedSegments(StageRun run, ScoreSegments segments, Progress.Task task)
      implements EffortScoring.MacroBatches {
    @Override
    public void begin() throws IOException {
      run.begin();
    }

    @Override
    public void end(EffortBatch batch) throws IOException {
      double[] tokens = Arrays.stream(batch.tokens()).asDoubleStream().toArray();
      segments.append(batch.samples(), batch.effort(), batch.loss(), tokens);
      task.advance(batch.samples().length, "");
      run.end();
    }
  }
}
