// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.data.AlpacaRecord;
import dev.coppice.data.Dataset;
import dev.coppice.data.InputException;
import dev.coppice.data.LlmSample;
import dev.coppice.data.Loss;
import dev.coppice.data.TokenSample;
import dev.coppice.data.Unscorable;
import dev.coppice.io.DataFolder;
import dev.coppice.io.HfCheckpoint;
import dev.coppice.io.PromptTokenizer;
import dev.coppice.io.SamplesFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * The samples of a data folder or a file of records, and their tokens. It owns the tokenizer; once
 * it is closed and forgotten, only the tokens are left in memory.
 */
final class EffortSource implements AutoCloseable {
  private final PromptTokenizer tokenizer; // or null: a model that only sees tokens needs none
  private final int[] samples;
  private final List<Unscorable> unscorable;
  private final Function<int[], List<TokenSample>> tokens;

  /**
   * Reads everything.
   *
   * @throws InputException if a file is wrong, or a tokenised record does not fit the model or the
   *     cutoff
   */
  EffortSource(
      EffortInput input,
      HfCheckpoint checkpoint,
      EffortOptions options,
      int threads,
      Progress progress) {
    Optional<Dataset> dataset = input.data().map(DataFolder::read);
    List<LlmSample> records = input.samples().map(SamplesFile::read).orElse(List.of());
    input.samples().ifPresent(file -> requireFits(file, records, checkpoint, options.cutoff()));
    boolean text = dataset.isPresent() || records.stream().anyMatch(AlpacaRecord.class::isInstance);
    Loss loss = Loss.valueOf(options.loss().toUpperCase(Locale.ROOT));
    tokenizer = text ? PromptTokenizer.openModel(input.llm()) : null;
    boolean complete = false;
    try {
      if (dataset.isPresent()) {
        Dataset all = dataset.get();
        if (all.prompt().generic()) {
          progress.message(Prune.GENERIC_PROMPT);
        }
        samples = EffortScoring.withHistory(input.data().orElseThrow(), all);
        unscorable = EffortScoring.withoutHistory(all);
        tokens = ids -> tokenizer.tokenize(all, ids, options.cutoff(), loss, threads);
      } else {
        samples = IntStream.range(0, records.size()).toArray();
        unscorable = List.of();
        tokens =
            ids ->
                Arrays.stream(ids)
                    .mapToObj(id -> tokens(records.get(id), id, options.cutoff(), loss))
                    .toList();
      }
      complete = true;
    } finally {
      if (!complete) {
        close();
      }
    }
  }

  /** Tokenised records are used as they are, so they must fit. */
  private static void requireFits(
      Path file, List<LlmSample> records, HfCheckpoint checkpoint, int cutoff) {
    SamplesFile.requireVocabulary(file, records, checkpoint.config().vocabulary());
    for (int line = 0; line < records.size(); line++) {
      if (records.get(line) instanceof TokenSample tokens && tokens.length() > cutoff) {
        throw InputException.at(
            file.toString(),
            line + 1L,
            tokens.length() + " tokens where --cutoff is " + cutoff,
            "raise --cutoff or shorten the sample");
      }
    }
  }

  private TokenSample tokens(LlmSample record, int id, int cutoff, Loss loss) {
    if (record instanceof TokenSample ready) {
      return ready;
    }
    return tokenizer.tokenize((AlpacaRecord) record, id, cutoff, loss);
  }

  /** Samples that have no tokens to score, with the reason. */
  List<Unscorable> unscorable() {
    return unscorable;
  }

  /**
   * Tokenises all samples.
   *
   * @param scratch folder for the tokens
   */
  EffortTokens tokenize(Path scratch, Progress progress) throws IOException {
    try (Progress.Task task = progress.start("tokens", 0, samples.length, "samples")) {
      return EffortTokens.of(scratch, samples, tokens, task);
    }
  }

  @Override
  public void close() {
    if (tokenizer != null) {
      tokenizer.close();
    }
  }
}
