// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import static org.junit.jupiter.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coppice.backend.Backend;
import dev.coppice.data.LlmSample;
import dev.coppice.data.TokenSample;
import dev.coppice.io.HfCheckpoint;
import dev.coppice.io.JsonFile;
import dev.coppice.io.SamplesFile;
import dev.coppice.pipeline.CheckpointWeights;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.StreamSupport;

/** A checkpoint with samples and their float64 truth. */
record LlmFixture(Path folder, List<TokenSample> samples, JsonNode expected) {
  static final long MEMORY = 1L << 30;

  static LlmFixture committed(String name) {
    return of(Path.of("src/test/resources/golden/llm", name));
  }

  static LlmFixture of(Path folder) {
    List<TokenSample> samples =
        SamplesFile.read(folder.resolve("samples.jsonl")).stream()
            .map((LlmSample sample) -> (TokenSample) sample)
            .toList();
    return new LlmFixture(folder, samples, JsonFile.read(folder.resolve("expected.json")));
  }

  HfCheckpoint checkpoint(boolean withAdapter) {
    return HfCheckpoint.open(
        folder, withAdapter ? Optional.of(folder.resolve("adapter")) : Optional.empty());
  }

  EffortBatch score(Backend backend, boolean withAdapter, EffortConfig config) {
    return score(backend, withAdapter, config, samples);
  }

  EffortBatch score(
      Backend backend, boolean withAdapter, EffortConfig config, List<TokenSample> chosen) {
    HfCheckpoint checkpoint = checkpoint(withAdapter);
    try (CheckpointWeights weights = new CheckpointWeights(backend, checkpoint);
        EffortScorer scorer =
            new EffortScorer(
                backend,
                checkpoint.config(),
                checkpoint.lora(),
                weights.model(),
                weights.adapter(),
                config)) {
      return scorer.score(chosen);
    }
  }

  /** Losses, efforts and each tensor's norms, all against the truth of {@code field}. */
  void assertTruth(String field, EffortParams params, EffortBatch batch, double tolerance) {
    assertEffort(field, params, batch, tolerance);
    JsonNode truth = expected.get(field);
    batch
        .tensorNorms()
        .forEach(
            (name, norms) ->
                close(
                    truth,
                    s -> s.get("norm_by_tensor").get(name).doubleValue(),
                    norms,
                    tolerance,
                    name));
  }

  /** Losses and efforts against the truth of {@code field}. */
  void assertEffort(String field, EffortParams params, EffortBatch batch, double tolerance) {
    JsonNode truth = expected.get(field);
    String effort = params == EffortParams.ALL_LORA ? "effort_all_lora" : "effort_last_v_lora_B";
    close(truth, s -> s.get("loss").doubleValue(), batch.loss(), tolerance, "loss");
    close(truth, s -> s.get(effort).doubleValue(), batch.effort(), tolerance, effort);
  }

  private void close(
      JsonNode truth,
      ToDoubleFunction<JsonNode> field,
      double[] got,
      double tolerance,
      String what) {
    double[] wanted = StreamSupport.stream(truth.spliterator(), false).mapToDouble(field).toArray();
    assertClose(wanted, got, tolerance, folder.getFileName() + " " + what);
  }

  /** {@code max |got - wanted| <= tolerance max |wanted|}, and NaN fails. */
  static void assertClose(double[] wanted, double[] got, double tolerance, String what) {
    if (wanted.length != got.length || got.length == 0) {
      fail(what + ": " + got.length + " values, expected " + wanted.length);
    }
    double largest = 0;
    for (double value : wanted) {
      largest = Math.max(largest, Math.abs(value));
    }
    for (int i = 0; i < wanted.length; i++) {
      double error = Math.abs(got[i] - wanted[i]);
      if (!(error <= tolerance * largest)) {
        fail(what + "[" + i + "]: " + got[i] + ", expected " + wanted[i] + ", largest " + largest);
      }
    }
  }
}
