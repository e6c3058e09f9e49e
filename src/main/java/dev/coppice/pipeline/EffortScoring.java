// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.data.Dataset;
import dev.coppice.data.InputException;
import dev.coppice.data.TokenSample;
import dev.coppice.data.Unscorable;
import dev.coppice.score.EffortBatch;
import dev.coppice.score.EffortForecast;
import dev.coppice.score.EffortScorer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/** Scores the effort of tokenised samples, one macro-batch after the other. */
final class EffortScoring {
  static final List<String> COLUMNS = List.of("effort", "loss", "tokens");

  /** A unit of work is not made larger than this takes: it is what a crash loses. */
  private static final double UNIT_SECONDS = 40;

  private static final double CALIBRATION_SECONDS = 2;

  /** What happens around a macro-batch; the run's stage saves there. */
  interface MacroBatches {
    /** Some samples are going to be scored. */
    void begin() throws IOException;

    /** They are. */
    void end(EffortBatch scores) throws IOException;
  }

  private final EffortModel model;
  private final EffortScorer scorer;
  private final EffortTokens tokens;

  /** Prepares. */
  EffortScoring(EffortModel model, EffortTokens tokens) {
    this.model = model;
    this.scorer = model.scorer();
    this.tokens = tokens;
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

  /** What it will take, measured for 2 seconds on some of the samples. */
  EffortForecast forecast() throws IOException {
    int mean = (int) IntStream.range(0, tokens.count()).map(tokens::length).average().orElse(2);
    int chosen = Math.min(tokens.count(), scorer.samplesToCalibrate(mean, CALIBRATION_SECONDS));
    int[] indices =
        IntStream.range(0, chosen).map(i -> (int) ((long) i * tokens.count() / chosen)).toArray();
    return scorer.forecast(
        IntStream.range(0, tokens.count()).map(tokens::length).toArray(),
        IntStream.range(0, tokens.count()).map(tokens::targets).toArray(),
        tokens.get(indices),
        CALIBRATION_SECONDS,
        UNIT_SECONDS);
  }

  /** The forecast as lines for the reader. */
  List<String> lines(EffortForecast forecast) {
    String weights = MemorySize.format(forecast.weightBytes());
    return List.of(
        forecast.work(),
        String.format(
            Locale.ROOT,
            "%d macro-batches of up to %,d positions; %s of memory, and %s of weights, read once a"
                + " macro-batch%s",
            forecast.macroBatches(),
            forecast.positions(),
            MemorySize.format(model.peakBytes(forecast)),
            weights,
            forecast.streams() ? " and given back layer by layer" : ""),
        String.format(
            Locale.ROOT,
            "about %s, at %.3g multiply-adds a second",
            duration(forecast.seconds()),
            forecast.rate()));
  }

  private static String duration(double seconds) {
    if (seconds < 120) {
      return String.format(Locale.ROOT, "%.0f s", seconds);
    }
    return seconds < 7200
        ? String.format(Locale.ROOT, "%.0f min", seconds / 60)
        : String.format(Locale.ROOT, "%.1f h", seconds / 3600);
  }

  /** The forecast as JSON. */
  Map<String, Object> facts(EffortForecast forecast) {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("samples", forecast.samples());
    facts.put("tokens", forecast.tokens());
    facts.put("shared_prefix", forecast.shared());
    facts.put("tokens_computed", forecast.computed());
    facts.put("multiply_adds", forecast.multiplyAdds());
    facts.put("macro_batches", forecast.macroBatches());
    facts.put("macro_batch_positions", forecast.positions());
    facts.put("workspace_bytes", forecast.workspaceBytes());
    facts.put("peak_bytes", model.peakBytes(forecast));
    facts.put("weight_bytes", forecast.weightBytes());
    facts.put("streams_weights", forecast.streams());
    facts.put("multiply_adds_per_second", forecast.rate());
    facts.put("seconds", forecast.seconds());
    return facts;
  }

  /** Scores all samples in units of work. */
  void score(EffortForecast forecast, MacroBatches batches) throws IOException {
    int shared = scorer.sharedPositions();
    int limit = forecast.positions();
    int from = 0;
    while (from < tokens.count()) {
      int to = from;
      long positions = shared;
      while (to < tokens.count()
          && (to == from || positions + tokens.length(to) - shared <= limit)) {
        positions += tokens.length(to++) - shared;
      }
      batches.begin();
      List<TokenSample> samples = tokens.get(IntStream.range(from, to).toArray());
      batches.end(scorer.score(samples));
      from = to;
    }
  }
}
