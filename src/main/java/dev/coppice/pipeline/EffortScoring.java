// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
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
  private static final ObjectMapper MAPPER = JsonMapper.builder().build();

  static final List<String> COLUMNS = List.of("effort", "loss", "tokens");

  /** A unit of work is not made larger than this takes: it is what a crash loses. */
  private static final double UNIT_SECONDS = 40;

  private static final double CALIBRATION_SECONDS = 2;

  private static final int SCORE_BYTES = 64; // of a sample: its columns, twice

  private static final int EXAMPLES = 512; // to measure with, at most

  /** What happens around a macro-batch; the run's stage saves there. */
  interface MacroBatches {
    /** Some samples are going to be scored. */
    void begin() throws IOException;

    /** They are. */
    void end(EffortBatch scores) throws IOException;
  }

  private final EffortScorer scorer;
  private final EffortTokens tokens;
  private final MemoryWatch memory;
  private final EffortForecast forecast;
  private final long plannedPeak;
  private double seconds;

  /**
   * Measures the machine for 2 seconds on some of the samples, and plans.
   *
   * @param memory watches since before the samples were read
   * @throws MissingEnvironmentException if the machine does not have the memory
   */
  EffortScoring(EffortModel model, EffortTokens tokens, MemoryWatch memory) throws IOException {
    this.scorer = model.scorer();
    this.tokens = tokens;
    this.memory = memory;
    forecast =
        scorer.forecast(tokens.work(), tokens.get(examples()), CALIBRATION_SECONDS, UNIT_SECONDS);
    MachineMemory.require(forecast.workspaceBytes(), forecast.measuredBytes());
    plannedPeak =
        memory.plannedBytes(
            forecast.workspaceBytes() - forecast.measuredBytes(),
            forecast.javaBytes(),
            (long) SCORE_BYTES * forecast.samples());
  }

  /** Samples that are spread over all. */
  private int[] examples() {
    int chosen = Math.min(tokens.count(), EXAMPLES);
    return IntStream.range(0, chosen)
        .map(i -> (int) ((long) i * tokens.count() / chosen))
        .toArray();
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

  /** The plan as lines for the reader. */
  List<String> lines() {
    String weights = MemorySize.format(forecast.weightBytes());
    return List.of(
        forecast.work(),
        String.format(
            Locale.ROOT,
            "%d macro-batches of up to %,d positions; %s of weights are read once a macro-batch%s",
            forecast.macroBatches(),
            forecast.positions(),
            weights,
            forecast.streams() ? " and given back layer by layer" : ""),
        String.format(
            Locale.ROOT,
            "memory: %s of workspace%s; mapped weights come on top",
            MemorySize.format(forecast.workspaceBytes()),
            plannedPeak == 0
                ? ""
                : ", " + MemorySize.format(plannedPeak) + " of the whole process at its peak"),
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

  /** The plan as JSON. */
  Map<String, Object> facts() {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("samples", forecast.samples());
    facts.put("tokens", forecast.tokens());
    facts.put("shared_prefix", forecast.shared());
    facts.put("tokens_computed", forecast.computed());
    facts.put("multiply_adds", forecast.multiplyAdds());
    facts.put("macro_batches", forecast.macroBatches());
    facts.put("macro_batch_positions", forecast.positions());
    facts.put("workspace_bytes", forecast.workspaceBytes());
    facts.put("peak_bytes", plannedPeak);
    facts.put("weight_bytes", forecast.weightBytes());
    facts.put("streams_weights", forecast.streams());
    facts.put("multiply_adds_per_second", forecast.rate());
    facts.put("seconds", forecast.seconds());
    return facts;
  }

  /** What scoring took, beside what was planned, as JSON. */
  Map<String, Object> measured() {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("seconds", seconds);
    facts.put("seconds_planned", forecast.seconds());
    facts.put("peak_bytes", memory.peakBytes());
    facts.put("peak_bytes_planned", plannedPeak);
    return facts;
  }

  /** What {@link #measured} says, for the reader. */
  static String measuredLine(JsonNode measured) {
    String time =
        String.format(
            Locale.ROOT,
            "scored in %.1f s of %.1f s planned",
            measured.path("seconds").asDouble(),
            measured.path("seconds_planned").asDouble());
    long planned = measured.path("peak_bytes_planned").asLong();
    return planned == 0
        ? time
        : time
            + "; memory peaked at "
            + MemorySize.format(measured.path("peak_bytes").asLong())
            + " of "
            + MemorySize.format(planned)
            + " planned";
  }

  /** The same of this scoring. */
  String measuredLine() {
    return measuredLine(MAPPER.valueToTree(measured()));
  }

  /** Positions that went through the layers, shared ones once a macro-batch. */
  long computedPositions() {
    return forecast.computed();
  }

  /** Positions that all samples share. */
  int sharedPositions() {
    return forecast.shared();
  }

  /** Scores all samples, a macro-batch at a time. */
  void score(MacroBatches batches) throws IOException {
    long begin = System.nanoTime();
    int from = 0;
    for (int to : forecast.ends()) {
      batches.begin();
      List<TokenSample> samples = tokens.get(IntStream.range(from, to).toArray());
      batches.end(scorer.score(samples));
      from = to;
    }
    seconds = (System.nanoTime() - begin) * 1e-9;
  }
}
