// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.data.Dataset;
import dev.coppice.data.InputException;
import dev.coppice.data.TokenSample;
import dev.coppice.data.Unscorable;
import dev.coppice.score.EffortBatch;
import dev.coppice.score.EffortScorer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;

/** Tokenises samples and scores their effort, one macro-batch after the other. */
final class EffortScoring {
  static final List<String> COLUMNS = List.of("effort", "loss", "tokens");

  /** Samples that are tokenised together. */
  private static final int TOKENISED = 1024;

  /** A macro-batch is not cut smaller than this many positions, so that saving costs nothing. */
  private static final int LEAST_POSITIONS = 8192;

  /** What happens around a macro-batch; the run's stage saves there. */
  interface MacroBatches {
    /** Some samples are going to be scored. */
    void begin(List<TokenSample> samples) throws IOException;

    /** They are. */
    void end(EffortBatch scores) throws IOException;
  }

  private final EffortScorer scorer;
  private final Function<int[], List<TokenSample>> tokens;
  private final MacroBatches batches;
  private final int positions;

  /**
   * Prepares.
   *
   * @param tokens of samples with the ids given, in their order
   */
  EffortScoring(
      EffortScorer scorer, Function<int[], List<TokenSample>> tokens, MacroBatches batches) {
    this.scorer = scorer;
    this.tokens = tokens;
    this.batches = batches;
    this.positions = Math.max(LEAST_POSITIONS, scorer.macroBatchPositions());
  }

  /** Samples whose text has a history and a response. */
  static int[] withHistory(Path data, Dataset dataset) {
    int[] samples =
        IntStream.range(0, dataset.samples())
            .filter(sample -> dataset.train().length(sample) >= 2)
            .toArray();
    if (samples.length == 0) {
      throw InputException.of(
          data.resolve("train.txt").toString(),
          "no user has 2 training items",
          "give users with longer histories");
    }
    return samples;
  }

  /** The other samples, with the reason. */
  static List<Unscorable> withoutHistory(Dataset dataset) {
    return IntStream.range(0, dataset.samples())
        .filter(sample -> dataset.train().length(sample) < 2)
        .mapToObj(sample -> new Unscorable(sample, "1 training item, so no history to prompt with"))
        .toList();
  }

  /**
   * Scores samples.
   *
   * @param ids in the order in which they are taken
   * @return those without a score, with the reason
   */
  List<Unscorable> score(int[] ids) throws IOException {
    List<Unscorable> unscorable = new ArrayList<>();
    List<TokenSample> waiting = new ArrayList<>();
    int waitingPositions = 0;
    for (int from = 0; from < ids.length; from += TOKENISED) {
      int[] portion = Arrays.copyOfRange(ids, from, Math.min(ids.length, from + TOKENISED));
      for (TokenSample sample : tokens.apply(portion)) {
        Optional<Unscorable> reason = EffortScorer.unscorable(sample);
        if (reason.isPresent()) {
          unscorable.add(reason.get());
          continue;
        }
        if (!waiting.isEmpty() && waitingPositions + sample.length() > positions) {
          scoreTogether(waiting);
          waitingPositions = 0;
        }
        waiting.add(sample);
        waitingPositions += sample.length();
      }
    }
    if (!waiting.isEmpty()) {
      scoreTogether(waiting);
    }
    return unscorable;
  }

  private void scoreTogether(List<TokenSample> samples) throws IOException {
    batches.begin(samples);
    EffortBatch scores = scorer.score(samples);
    samples.clear();
    batches.end(scores);
  }
}
