// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.data.Dataset;
import dev.coppice.data.Loss;
import dev.coppice.data.Scores;
import dev.coppice.data.TokenSample;
import dev.coppice.data.Unscorable;
import dev.coppice.io.PromptTokenizer;
import dev.coppice.io.ScoreCsv;
import dev.coppice.score.EffortBatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

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
    PruneOptions options = context.options();
    Dataset dataset = context.dataset();
    Scores scores;
    List<Unscorable> unscorable = new ArrayList<>(EffortScoring.withoutHistory(dataset));
    int[] samples = EffortScoring.withHistory(options.data(), dataset);
    Path llm = options.llm().orElseThrow();
    Loss loss = Loss.valueOf(options.effort().loss().toUpperCase(Locale.ROOT));
    int cutoff = options.effort().cutoff();
    int threads = options.run().threads();
    try (EffortModel model =
            new EffortModel(
                context.backend(),
                context.checkpoint().orElseThrow(),
                options.effort(),
                options.run().seed());
        PromptTokenizer tokenizer = PromptTokenizer.openModel(llm);
        ScoreSegments segments =
            ScoreSegments.open(context.folder().work(SEGMENTS), run.key(), EffortScoring.COLUMNS)) {
      run.found(segments.count(), 0);
      int[] left = Arrays.stream(samples).filter(sample -> !segments.has(sample)).toArray();
      try (Progress.Task task =
          run.progress()
              .start(name().label(), samples.length - left.length, samples.length, "samples")) {
        EffortScoring scoring =
            new EffortScoring(
                model.scorer(),
                ids -> tokenizer.tokenize(dataset, ids, cutoff, loss, threads),
                new SavedSegments(run, segments, task));
        unscorable.addAll(scoring.score(left));
      }
      scores = segments.scores();
    }
    run.fact("unscorable", UnscorableFacts.of(unscorable));
    run.fact("tokens", (long) Arrays.stream(scores.column("tokens")).sum());
    run.fact("adapter", context.checkpoint().orElseThrow().hasAdapter() ? "given" : "fresh");
    run.fact("prompt", dataset.prompt().generic() ? "generic" : "prompt.json");
    ScoreCsv.write(context.folder().file(OUTPUT), scores);
  }

  /** Saves each macro-batch as a segment. */
  private record SavedSegments(StageRun run, ScoreSegments segments, Progress.Task task)
      implements EffortScoring.MacroBatches {
    @Override
    public void begin(List<TokenSample> samples) throws IOException {
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
