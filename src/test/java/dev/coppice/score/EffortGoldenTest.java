// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.SharedData;
import dev.coppice.backend.Backend;
import dev.coppice.data.Dataset;
import dev.coppice.data.Loss;
import dev.coppice.data.Scores;
import dev.coppice.data.TokenSample;
import dev.coppice.io.DataFolder;
import dev.coppice.io.PromptTokenizer;
import dev.coppice.io.ScoreCsv;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The shared tiny-llama and its float64 truth, from token samples and from the Games data set. */
class EffortGoldenTest {
  private static final int CUTOFF = 512;

  private static Optional<Path> golden() {
    Optional<Path> folder = SharedData.root().map(root -> root.resolve("golden/tiny-llama"));
    boolean required =
        Arrays.asList(System.getProperty("coppice.require", "").split(",")).contains("shared");
    assertTrue(folder.isPresent() || !required, "no shared data, which coppice.require asks for");
    return folder;
  }

  @ParameterizedTest
  @MethodSource("dev.coppice.score.EffortBackends#all")
  void tokenSamplesAgree(EffortBackends.Kind kind) {
    Assumptions.assumeTrue(golden().isPresent());
    LlmFixture fixture = LlmFixture.of(golden().get());
    try (Backend backend = kind.open()) {
      for (EffortParams params : EffortBackends.PARAMS) {
        EffortConfig config = new EffortConfig(params, CUTOFF, LlmFixture.MEMORY, 0);
        EffortBatch batch = fixture.score(backend, true, config);
        fixture.assertTruth("samples", params, batch, kind.tolerance());
      }
    }
  }

  @Test
  void firstSamplesOfGamesAgree() {
    Assumptions.assumeTrue(golden().isPresent());
    LlmFixture fixture = LlmFixture.of(golden().get());
    Dataset games = DataFolder.read(golden().get().resolve("../../data/games"));
    Scores truth = ScoreCsv.read(golden().get().resolve("expected_games_first40.csv"));
    List<TokenSample> samples;
    try (PromptTokenizer tokenizer = PromptTokenizer.openModel(golden().get())) {
      samples = tokenizer.tokenize(games, truth.samples(), CUTOFF, Loss.ALL, 2);
    }
    EffortBackends.Kind kind = EffortBackends.fastest();
    assertEquals(40, samples.size());
    try (Backend backend = kind.open()) {
      EffortConfig last =
          new EffortConfig(EffortParams.LAST_V_LORA_B, CUTOFF, LlmFixture.MEMORY, 0);
      EffortBatch batch = fixture.score(backend, true, last, samples);
      assertArrayEquals(truth.samples(), batch.samples());
      compare(truth, "effort", batch.effort(), kind);
      compare(truth, "loss", batch.loss(), kind);
      compare(truth, "tokens", Arrays.stream(batch.tokens()).asDoubleStream().toArray(), kind);

      EffortConfig all = new EffortConfig(EffortParams.ALL_LORA, CUTOFF, LlmFixture.MEMORY, 0);
      EffortBatch allBatch = fixture.score(backend, true, all, samples);
      compare(truth, "all_lora", allBatch.effort(), kind);
      compare(truth, "loss", allBatch.loss(), kind);
    }
  }

  private static void compare(Scores truth, String column, double[] got, EffortBackends.Kind kind) {
    LlmFixture.assertClose(truth.column(column), got, kind.tolerance(), column);
  }
}
