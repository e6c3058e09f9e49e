// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.coppice.backend.Backend;
import dev.coppice.data.TokenSample;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The committed checkpoints of {@code tools/make_llm_fixtures.py} against PyTorch in float64. */
class EffortTruthTest {
  static Stream<Arguments> cases() {
    return Stream.of("llama-biased", "qwen2-sharded", "llama-f16", "qwen2-bf16")
        .flatMap(name -> EffortBackends.all().map(backend -> Arguments.of(name, backend)));
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("cases")
  void everyLoraTensorAgrees(String name, EffortBackends.Kind kind) {
    LlmFixture fixture = LlmFixture.committed(name);
    try (Backend backend = kind.open()) {
      EffortBatch batch = fixture.score(backend, true, config(EffortParams.ALL_LORA, 0));
      assertEquals(
          fixture.checkpoint(true).lora().targets().size() * 2, batch.tensorNorms().size());
      fixture.assertTruth("samples", EffortParams.ALL_LORA, batch, kind.tolerance());
      assertArrayEquals(
          fixture.samples().stream().mapToInt(TokenSample::length).toArray(), batch.tokens());
    }
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("cases")
  void lastValueProjectionAgrees(String name, EffortBackends.Kind kind) {
    LlmFixture fixture = LlmFixture.committed(name);
    try (Backend backend = kind.open()) {
      EffortBatch batch = fixture.score(backend, true, config(EffortParams.LAST_V_LORA_B, 0));
      assertEquals(1, batch.tensorNorms().size());
      fixture.assertTruth("samples", EffortParams.LAST_V_LORA_B, batch, kind.tolerance());
    }
  }

  @ParameterizedTest
  @MethodSource("dev.coppice.score.EffortBackends#all")
  void freshAdapterIsDrawnFromTheSeed(EffortBackends.Kind kind) {
    LlmFixture fixture = LlmFixture.committed("llama-biased");
    long seed = fixture.expected().get("fresh_seed").longValue();
    try (Backend backend = kind.open()) {
      for (EffortParams params : EffortBackends.PARAMS) {
        EffortBatch batch = fixture.score(backend, false, config(params, seed));
        fixture.assertTruth("fresh", params, batch, kind.tolerance());
      }
    }
  }

  static EffortConfig config(EffortParams params, long seed) {
    return new EffortConfig(params, 64, LlmFixture.MEMORY, seed);
  }
}
