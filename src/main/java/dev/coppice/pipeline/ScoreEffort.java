// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.backend.Backend;
import dev.coppice.data.ConfigException;
import dev.coppice.data.InputException;
import dev.coppice.data.Scores;
import dev.coppice.data.SharedPrefix;
import dev.coppice.data.Unscorable;
import dev.coppice.io.HfCheckpoint;
import dev.coppice.io.ScoreCsv;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Scores effort on its own, without a run folder. */
public final class ScoreEffort {
  private final Path scratch; // folder for the tokens
  private final EffortInput input;
  private final EffortOptions options;
  private final RunOptions run;
  private final Progress progress;

  ScoreEffort(
      Path scratch, EffortInput input, EffortOptions options, RunOptions run, Progress progress) {
    this.scratch = scratch;
    this.input = input;
    this.options = options;
    this.run = run;
    this.progress = progress;
  }

  /** Tokens of the samples, and which samples have none. */
  private record Tokenized(EffortTokens tokens, List<Unscorable> unscorable) {}

  /** What is done with tokenised samples and a model that is ready for them. */
  private interface Work {
    Outcome of(Tokenized samples, Backend backend, EffortScoring scoring) throws IOException;
  }

  /**
   * Scores all scorable samples and writes {@code sample,effort,loss,tokens}.
   *
   * @param out CSV file, replaced when all scores are there
   * @param tensorNorms CSV file for each tensor's norms, if they are wanted
   * @return how many were scored
   * @throws InputException if a file is wrong; nothing is written
   * @throws ConfigException if cutoff, memory or adapter do not fit the model
   * @throws MissingEnvironmentException if the backend asked for or the memory is not there
   * @throws IOException if the file cannot be written
   */
  public static Outcome run(
      EffortInput input,
      Path out,
      Optional<Path> tensorNorms,
      EffortOptions options,
      RunOptions run,
      Progress progress)
      throws IOException {
    OutputPath.requireFile("--out", out);
    tensorNorms.ifPresent(file -> OutputPath.requireFile("--tensor-norms", file));
    ScoreEffort scoring =
        new ScoreEffort(out.toAbsolutePath().getParent(), input, options, run, progress);
    return scoring.with(
        (samples, backend, work) -> scoring.score(samples, backend, work, out, tensorNorms));
  }

  /** What {@link #run} would take. */
  Outcome plan() throws IOException {
    return with((samples, backend, scoring) -> new Outcome(scoring.lines(), scoring.facts()));
  }

  private Outcome with(Work work) throws IOException {
    Backends.require(run);
    HfCheckpoint checkpoint = HfCheckpoint.open(input.llm(), input.adapter());
    Backends.Opened opened = Backends.open(run);
    try (MemoryWatch memory = new MemoryWatch();
        Backend backend = opened.backend()) {
      Tokenized samples = tokenize(opened, checkpoint);
      SharedPrefix shared =
          options.sharesPrefix()
              ? samples.tokens().shared(checkpoint.config().shortTexts())
              : SharedPrefix.NONE;
      try (EffortTokens tokens = samples.tokens();
          EffortModel model = new EffortModel(backend, checkpoint, options, run.seed(), shared)) {
        return work.of(samples, backend, new EffortScoring(model, tokens, memory));
      }
    }
  }

  /** Data and tokenizer are let go of at its end, so that the pass has their memory. */
  private Tokenized tokenize(Backends.Opened opened, HfCheckpoint checkpoint) throws IOException {
    try (EffortSource source =
        new EffortSource(input, checkpoint, options, run.threads(), progress)) {
      opened.tell(progress);
      EffortModel.tryOut(opened.backend(), checkpoint, options, run.seed());
      EffortTokens tokens = source.tokenize(scratch, progress);
      List<Unscorable> unscorable = new ArrayList<>(source.unscorable());
      unscorable.addAll(tokens.unscorable());
      return new Tokenized(tokens, unscorable);
    }
  }

  private Outcome score(
      Tokenized samples,
      Backend backend,
      EffortScoring scoring,
      Path out,
      Optional<Path> tensorNorms)
      throws IOException {
    scoring.lines().forEach(progress::message);
    progress.event("plan", scoring.facts());
    CollectedEffort collected;
    try (Progress.Task task = progress.start("score", 0, samples.tokens().count(), "samples")) {
      collected = new CollectedEffort(task, tensorNorms.isPresent());
      scoring.score(collected);
    }
    Scores scores = collected.scores();
    if (tensorNorms.isPresent()) {
      ScoreCsv.write(tensorNorms.get(), collected.tensorNorms());
    }
    ScoreCsv.write(out, scores);
    progress.message(scoring.measuredLine());
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("scored", scores.size());
    facts.put("unscorable", UnscorableFacts.of(samples.unscorable()));
    facts.put("tokens", (long) Arrays.stream(scores.column("tokens")).sum());
    facts.put("tokens_computed", scoring.computedPositions());
    facts.put("shared_prefix", scoring.sharedPositions());
    facts.putAll(scoring.measured());
    facts.put("backend", backend.name());
    facts.put("precision", run.precision());
    facts.put("out", out.toAbsolutePath().toString());
    String line =
        String.format(
            Locale.ROOT,
            "%d samples scored, %d unscorable, written to %s",
            scores.size(),
            samples.unscorable().size(),
            out);
    return new Outcome(List.of(line), facts);
  }
}
