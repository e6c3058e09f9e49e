// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.backend.Backend;
import dev.coppice.data.LlmConfig;
import dev.coppice.data.LoraConfig;
import dev.coppice.data.SharedPrefix;
import dev.coppice.data.TokenSample;
import dev.coppice.io.HfCheckpoint;
import dev.coppice.pipeline.CheckpointWeights;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What a pass is said to take. */
class EffortForecastTest {
  private static List<TokenSample> samples(int count) {
    List<TokenSample> samples = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int[] ids = new int[8 + i % 5];
      boolean[] scored = new boolean[ids.length];
      Arrays.fill(scored, true);
      for (int t = 0; t < ids.length; t++) {
        ids[t] = t < 5 ? t : (t + i) % 60;
      }
      samples.add(new TokenSample(i, ids, scored));
    }
    return samples;
  }

  private static EffortForecast forecast(
      EffortScorer scorer, List<TokenSample> samples, double unitSeconds) {
    EffortWork work =
        new EffortWork(
            samples.stream().mapToInt(TokenSample::length).toArray(),
            samples.stream().mapToInt(TokenSample::targets).toArray());
    return scorer.forecast(work, samples.subList(0, 5), 0.1, unitSeconds);
  }

  @Test
  void countsTokensAndCutsMacroBatchesByTime() {
    LlmFixture fixture = LlmFixture.committed("qwen2-sharded");
    HfCheckpoint checkpoint = fixture.checkpoint(true);
    List<TokenSample> samples = samples(50);
    SharedPrefix prefix = SharedPrefix.of(samples);
    for (EffortParams params : EffortBackends.PARAMS) {
      EffortConfig config = new EffortConfig(params, 30, LlmFixture.MEMORY, 0, prefix);
      try (Backend backend = EffortBackends.Kind.CPU.open();
          CheckpointWeights weights = new CheckpointWeights(backend, checkpoint);
          EffortScorer scorer =
              new EffortScorer(
                  backend,
                  checkpoint.config(),
                  checkpoint.lora(),
                  weights.model(),
                  weights.adapter(),
                  config)) {
        EffortForecast forecast = forecast(scorer, samples, 1e6);
        assertEquals(50, forecast.samples());
        assertEquals(500, forecast.tokens());
        assertEquals(4, forecast.shared());
        assertEquals(1, forecast.macroBatches());
        assertEquals(500 - 49 * 4, forecast.positions());
        assertArrayEquals(new int[] {50}, forecast.ends());
        assertTrue(forecast.seconds() > 0 && forecast.rate() > 0, forecast.toString());
        scorer.score(samples);
        assertEquals(scorer.computedPositions(), forecast.computed());
        assertTrue(forecast.workspaceBytes() <= scorer.workspaceBytes(), forecast.toString());
        assertTrue(forecast.measuredBytes() < forecast.workspaceBytes(), forecast.toString());
        EffortForecast hurried = forecast(scorer, samples, 1e-12);
        assertEquals(12, hurried.positions()); // one of the longest samples
        assertEquals(50, hurried.macroBatches());
        assertEquals(500 - 50 * 4 + 50 * 4, hurried.computed());
      }
    }
  }

  /** D 4, one head of 4, inside 6, V 11, two layers, LoRA of rank 1 on q and v. */
  @Test
  void multiplyAddsAreThoseOfTheShapes() {
    LlmConfig config =
        new LlmConfig("LlamaForCausalLM", 11, 4, 6, 2, 1, 1, 4, 1e-5, 100, 16, false, Set.of());
    LoraConfig lora =
        LoraConfig.uniform(LoraConfig.Size.of(1, 1, false), LoraConfig.fresh(config).targets());
    SharedPrefix none = SharedPrefix.NONE;
    try (Backend backend = EffortBackends.Kind.CPU.open()) {
      EffortPlan plan =
          new EffortPlan(
              backend,
              config,
              lora,
              new EffortConfig(EffortParams.LAST_V_LORA_B, 8, 1L << 20, 0, none));
      int weights = 4 * 16 + 3 * 24 + 2 * 8;
      int attention = 6 * 2 * 4; // 6 pairs of 3 positions
      EffortCost cost = EffortCost.ofSample(plan, 3, 2);
      assertEquals(3 * weights + attention, cost.layers());
      assertEquals(3 * (3 * 16 + 2 * 8) + 2 * attention + 2 * 2 * (16 + 72 + 44), cost.last());
      EffortPlan shared =
          new EffortPlan(
              backend,
              config,
              lora,
              new EffortConfig(
                  EffortParams.LAST_V_LORA_B,
                  8,
                  1L << 20,
                  0,
                  new SharedPrefix(new int[] {1, 2}, new boolean[] {true, true})));
      EffortCost own = EffortCost.ofSample(shared, 3, 2);
      assertEquals(2 * weights + attention, own.layers());
      EffortCost prefix = EffortCost.ofPrefix(shared);
      assertEquals(weights + 8, prefix.layers());
      assertEquals(cost.last() + 2 * 8, own.last() + prefix.last());
      assertEquals(0, cost.back() + own.back() + prefix.back());
      EffortPlan whole =
          new EffortPlan(
              backend, config, lora, new EffortConfig(EffortParams.ALL_LORA, 8, 1L << 20, 0, none));
      EffortCost all = EffortCost.ofSample(whole, 3, 2);
      assertEquals(cost.layers(), all.layers());
      assertEquals(3 * (2 * weights + 16) + 3.5 * attention, all.back()); // 16 of LoRA
    }
  }

  @Test
  void macroBatchesEndWhereTheNextSampleDoesNotFit() {
    int[] lengths = {5, 5, 5, 9, 3, 3};
    double[] seconds = {1, 1, 1, 1, 1, 1};
    EffortSizes most = new EffortSizes(11, 100, 4, 12, 12, 2, false);
    assertArrayEquals(
        new int[] {3, 6}, EffortUnits.of(most, lengths, seconds, 9).ends(), "positions");
    EffortSizes wide = new EffortSizes(100, 100, 4, 12, 12, 2, false);
    assertArrayEquals(new int[] {4, 6}, EffortUnits.of(wide, lengths, seconds, 9).ends(), "count");
    assertArrayEquals(
        new int[] {2, 4, 6}, EffortUnits.of(wide, lengths, seconds, 2.5).ends(), "seconds");
    EffortSizes few = new EffortSizes(100, 15, 4, 12, 12, 2, false);
    assertArrayEquals(
        new int[] {3, 6}, EffortUnits.of(few, lengths, seconds, 9).ends(), "whole positions");
  }
}
