// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.backend.Backend;
import dev.coppice.data.AlpacaRecord;
import dev.coppice.data.ConfigException;
import dev.coppice.data.Dataset;
import dev.coppice.data.InputException;
import dev.coppice.data.LlmSample;
import dev.coppice.data.Loss;
import dev.coppice.data.Scores;
import dev.coppice.data.SharedPrefix;
import dev.coppice.data.TokenSample;
import dev.coppice.data.Unscorable;
import dev.coppice.io.DataFolder;
import dev.coppice.io.HfCheckpoint;
import dev.coppice.io.PromptTokenizer;
import dev.coppice.io.SamplesFile;
import dev.coppice.io.ScoreCsv;
import dev.coppice.score.EffortBatch;
import dev.coppice.score.EffortForecast;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;

/** Scores effort on its own, without a run folder. */
public final class ScoreEffort {
  private final Path scratch; // folder for the tokens
  private final Path llm;
  private final EffortOptions options;
  private final RunOptions run;
  private final Progress progress;
  private final Loss loss;

  ScoreEffort(Path scratch, Path llm, EffortOptions options, RunOptions run, Progress progress) {
    this.scratch = scratch;
    this.llm = llm;
    this.options = options;
    this.run = run;
    this.progress = progress;
    this.loss = Loss.valueOf(options.loss().toUpperCase(Locale.ROOT));
  }

  /** Samples to score, and how to come by their tokens. */
  private record Source(
      int[] samples, List<Unscorable> unscorable, Function<int[], List<TokenSample>> tokens) {}

  /** What is done with tokenised samples and a model that is ready for them. */
  private interface Work {
    Outcome of(Source source, EffortTokens tokens, EffortModel model, EffortScoring scoring)
        throws IOException;
  }

  /**
   * Scores all scorable samples and writes {@code sample,effort,loss,tokens}.
   *
   * @param data data folder; either this or {@code samples}
   * @param samples file of Alpaca or tokenised records
   * @param llm checkpoint folder
   * @param adapter LoRA adapter folder; empty for a fresh one
   * @param out CSV file, replaced when all scores are there
   * @param tensorNorms CSV file for each tensor's norms, if they are wanted
   * @return how many were scored
   * @throws InputException if a file is wrong; nothing is written
   * @throws ConfigException if cutoff, memory or adapter do not fit the model
   * @throws MissingEnvironmentException if the backend asked for is not there
   * @throws IOException if the file cannot be written
   */
  public static Outcome run(
      Optional<Path> data,
      Optional<Path> samples,
      Path llm,
      Optional<Path> adapter,
      Path out,
      Optional<Path> tensorNorms,
      EffortOptions options,
      RunOptions run,
      Progress progress)
      throws IOException {
    OutputPath.requireFile("--out", out);
    tensorNorms.ifPresent(file -> OutputPath.requireFile("--tensor-norms", file));
    ScoreEffort scoring =
        new ScoreEffort(out.toAbsolutePath().getParent(), llm, options, run, progress);
    return scoring.with(
        data,
        samples,
        adapter,
        (source, tokens, model, work) ->
            scoring.score(source, tokens, model, work, out, tensorNorms));
  }

  /** What {@link #run} would take. */
  Outcome plan(Optional<Path> data, Optional<Path> samples, Optional<Path> adapter)
      throws IOException {
    return with(
        data,
        samples,
        adapter,
        (source, tokens, model, scoring) -> {
          EffortForecast forecast = scoring.forecast();
          return new Outcome(scoring.lines(forecast), scoring.facts(forecast));
        });
  }

  private Outcome with(
      Optional<Path> data, Optional<Path> samples, Optional<Path> adapter, Work work)
      throws IOException {
    if (data.isPresent() == samples.isPresent()) {
      throw new ConfigException("give either --data or --samples");
    }
    Backends.require(run);
    Optional<Dataset> dataset = data.map(DataFolder::read);
    List<LlmSample> records = samples.map(SamplesFile::read).orElse(List.of());
    HfCheckpoint checkpoint = HfCheckpoint.open(llm, adapter);
    boolean text = dataset.isPresent() || records.stream().anyMatch(AlpacaRecord.class::isInstance);
    samples.ifPresent(file -> requireFits(file, records, checkpoint));
    // A model that only ever sees tokens needs no tokenizer.
    try (PromptTokenizer tokenizer = text ? PromptTokenizer.openModel(llm) : null) {
      Source source =
          dataset.isPresent()
              ? ofData(data.get(), dataset.get(), tokenizer)
              : ofRecords(records, tokenizer);
      return with(source, checkpoint, work);
    }
  }

  private Outcome with(Source source, HfCheckpoint checkpoint, Work work) throws IOException {
    Backends.Opened opened = Backends.open(run);
    try (Backend backend = opened.backend()) {
      opened.tell(progress);
      EffortModel.tryOut(backend, checkpoint, options, run.seed());
      try (EffortTokens tokens = tokenize(source);
          EffortModel model =
              new EffortModel(
                  backend,
                  checkpoint,
                  options,
                  run.seed(),
                  options.sharesPrefix() ? tokens.shared() : SharedPrefix.NONE)) {
        return work.of(source, tokens, model, new EffortScoring(model, tokens));
      }
    }
  }

  private EffortTokens tokenize(Source source) throws IOException {
    try (Progress.Task task = progress.start("tokens", 0, source.samples().length, "samples")) {
      return EffortTokens.of(scratch, source.samples(), source.tokens(), task);
    }
  }

  /** Tokenised records are used as they are, so they must fit. */
  private void requireFits(Path file, List<LlmSample> records, HfCheckpoint checkpoint) {
    SamplesFile.requireVocabulary(file, records, checkpoint.config().vocabulary());
    for (int line = 0; line < records.size(); line++) {
      if (records.get(line) instanceof TokenSample tokens && tokens.length() > options.cutoff()) {
        throw InputException.at(
            file.toString(),
            line + 1L,
            tokens.length() + " tokens where --cutoff is " + options.cutoff(),
            "raise --cutoff or shorten the sample");
      }
    }
  }

  private Source ofData(Path folder, Dataset dataset, PromptTokenizer tokenizer) {
    if (dataset.prompt().generic()) {
      progress.message(Prune.GENERIC_PROMPT);
    }
    return new Source(
        EffortScoring.withHistory(folder, dataset),
        EffortScoring.withoutHistory(dataset),
        ids -> tokenizer.tokenize(dataset, ids, options.cutoff(), loss, run.threads()));
  }

  private Source ofRecords(List<LlmSample> records, PromptTokenizer tokenizer) {
    return new Source(
        IntStream.range(0, records.size()).toArray(),
        List.of(),
        ids -> Arrays.stream(ids).mapToObj(id -> tokens(records.get(id), id, tokenizer)).toList());
  }

  private TokenSample tokens(LlmSample record, int id, PromptTokenizer tokenizer) {
    if (record instanceof TokenSample ready) {
      return ready;
    }
    return tokenizer.tokenize((AlpacaRecord) record, id, options.cutoff(), loss);
  }

  private Outcome score(
      Source source,
      EffortTokens tokens,
      EffortModel model,
      EffortScoring scoring,
      Path out,
      Optional<Path> tensorNorms)
      throws IOException {
    EffortForecast forecast = scoring.forecast();
    scoring.lines(forecast).forEach(progress::message);
    List<Unscorable> unscorable = new ArrayList<>(source.unscorable());
    unscorable.addAll(tokens.unscorable());
    long before = model.scorer().computedPositions();
    long begin = System.nanoTime();
    Collected collected;
    try (Progress.Task task = progress.start("score", 0, tokens.count(), "samples")) {
      collected = new Collected(task);
      scoring.score(forecast, collected);
    }
    double seconds = (System.nanoTime() - begin) * 1e-9;
    Scores scores = collected.scores();
    if (tensorNorms.isPresent()) {
      ScoreCsv.write(tensorNorms.get(), collected.tensorNorms());
    }
    ScoreCsv.write(out, scores);
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("scored", scores.size());
    facts.put("unscorable", UnscorableFacts.of(unscorable));
    facts.put("tokens", (long) Arrays.stream(scores.column("tokens")).sum());
    facts.put("tokens_computed", model.scorer().computedPositions() - before);
    facts.put("shared_prefix", forecast.shared());
    facts.put("seconds", seconds);
    facts.put("seconds_planned", forecast.seconds());
    facts.put("backend", model.scorer().backendName());
    facts.put("precision", run.precision());
    facts.put("out", out.toAbsolutePath().toString());
    String line =
        String.format(
            Locale.ROOT,
            "%d samples scored, %d unscorable, written to %s",
            scores.size(),
            unscorable.size(),
            out);
    return new Outcome(List.of(line), facts);
  }

  /** Keeps the scores in memory. */
  private static final class Collected implements EffortScoring.MacroBatches {
    private final Progress.Task task;
    private final List<EffortBatch> batches = new ArrayList<>();

    Collected(Progress.Task task) {
      this.task = task;
    }

    @Override
    public void begin() {}

    @Override
    public void end(EffortBatch batch) {
      batches.add(batch);
      task.advance(batch.samples().length, "");
    }

    Scores scores() {
      Map<String, double[]> columns = new LinkedHashMap<>();
      columns.put("effort", flat(EffortBatch::effort));
      columns.put("loss", flat(EffortBatch::loss));
      columns.put("tokens", flat(b -> Arrays.stream(b.tokens()).asDoubleStream().toArray()));
      int[] samples = batches.stream().flatMapToInt(b -> Arrays.stream(b.samples())).toArray();
      return Scores.of(samples, columns);
    }

    Scores tensorNorms() {
      Map<String, double[]> columns = new LinkedHashMap<>();
      for (EffortBatch batch : batches) {
        batch.tensorNorms().keySet().forEach(name -> columns.putIfAbsent(name, null));
      }
      columns.replaceAll((name, none) -> flat(batch -> batch.tensorNorms().get(name)));
      int[] samples = batches.stream().flatMapToInt(b -> Arrays.stream(b.samples())).toArray();
      return Scores.of(samples, columns);
    }

    private double[] flat(Function<EffortBatch, double[]> column) {
      return batches.stream().flatMapToDouble(b -> Arrays.stream(column.apply(b))).toArray();
    }
  }
}
