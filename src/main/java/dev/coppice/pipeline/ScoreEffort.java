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
import dev.coppice.data.TokenSample;
import dev.coppice.data.Unscorable;
import dev.coppice.io.DataFolder;
import dev.coppice.io.HfCheckpoint;
import dev.coppice.io.PromptTokenizer;
import dev.coppice.io.SamplesFile;
import dev.coppice.io.ScoreCsv;
import dev.coppice.score.EffortBatch;
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
  private final Path llm;
  private final EffortOptions options;
  private final RunOptions run;
  private final Progress progress;
  private final Loss loss;

  private ScoreEffort(Path llm, EffortOptions options, RunOptions run, Progress progress) {
    this.llm = llm;
    this.options = options;
    this.run = run;
    this.progress = progress;
    this.loss = Loss.valueOf(options.loss().toUpperCase(Locale.ROOT));
  }

  /** Samples to score, and how to come by their tokens. */
  private record Source(
      int[] samples, List<Unscorable> unscorable, Function<int[], List<TokenSample>> tokens) {}

  /**
   * Scores all scorable samples and writes {@code sample,effort,loss,tokens}.
   *
   * @param data data folder; either this or {@code samples}
   * @param samples file of Alpaca or tokenised records
   * @param llm checkpoint folder
   * @param adapter LoRA adapter folder; empty for a fresh one
   * @param out CSV file, replaced when all scores are there
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
      EffortOptions options,
      RunOptions run,
      Progress progress)
      throws IOException {
    OutputPath.requireFile("--out", out);
    if (data.isPresent() == samples.isPresent()) {
      throw new ConfigException("give either --data or --samples");
    }
    Backends.require(run);
    ScoreEffort scoring = new ScoreEffort(llm, options, run, progress);
    Optional<Dataset> dataset = data.map(DataFolder::read);
    List<LlmSample> records = samples.map(SamplesFile::read).orElse(List.of());
    HfCheckpoint checkpoint = HfCheckpoint.open(llm, adapter);
    boolean text = dataset.isPresent() || records.stream().anyMatch(AlpacaRecord.class::isInstance);
    samples.ifPresent(file -> scoring.requireFits(file, records, checkpoint));
    // A model that only ever sees tokens needs no tokenizer.
    try (PromptTokenizer tokenizer = text ? PromptTokenizer.openModel(llm) : null) {
      Source source =
          dataset.isPresent()
              ? scoring.ofData(data.get(), dataset.get(), tokenizer)
              : scoring.ofRecords(records, tokenizer);
      return scoring.score(source, checkpoint, out);
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

  private Outcome score(Source source, HfCheckpoint checkpoint, Path out) throws IOException {
    Backends.Opened opened = Backends.open(run);
    try (Backend backend = opened.backend();
        EffortModel model = new EffortModel(backend, checkpoint, options, run.seed())) {
      opened.tell(progress);
      List<Unscorable> unscorable = new ArrayList<>(source.unscorable());
      Collected collected;
      try (Progress.Task task = progress.start("score", 0, source.samples().length, "samples")) {
        collected = new Collected(task);
        unscorable.addAll(
            new EffortScoring(model.scorer(), source.tokens(), collected).score(source.samples()));
      }
      Scores scores = collected.scores();
      ScoreCsv.write(out, scores);
      Map<String, Object> facts = new LinkedHashMap<>();
      facts.put("scored", scores.size());
      facts.put("unscorable", UnscorableFacts.of(unscorable));
      facts.put("tokens", (long) Arrays.stream(scores.column("tokens")).sum());
      facts.put("backend", backend.name());
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
  }

  /** Keeps the scores in memory. */
  private static final class Collected implements EffortScoring.MacroBatches {
    private final Progress.Task task;
    private final List<EffortBatch> batches = new ArrayList<>();

    Collected(Progress.Task task) {
      this.task = task;
    }

    @Override
    public void begin(List<TokenSample> samples) {}

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

    private double[] flat(Function<EffortBatch, double[]> column) {
      return batches.stream().flatMapToDouble(b -> Arrays.stream(column.apply(b))).toArray();
    }
  }
}
