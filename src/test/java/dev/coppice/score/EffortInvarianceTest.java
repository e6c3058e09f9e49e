// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.backend.Backend;
import dev.coppice.data.ConfigException;
import dev.coppice.data.InputException;
import dev.coppice.data.LoraConfig;
import dev.coppice.data.Projection;
import dev.coppice.data.TokenSample;
import dev.coppice.io.HfCheckpoint;
import dev.coppice.pipeline.CheckpointWeights;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a sample's score may and may not depend on, to the last bit. */
class EffortInvarianceTest {
  private static final int CUTOFF = 30;
  private final LlmFixture fixture = LlmFixture.committed("qwen2-sharded");

  /** Samples of 2..30 tokens, more than one chunk holds. */
  private static List<TokenSample> manySamples(int count) {
    Random random = new Random(5);
    List<TokenSample> samples = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int length = 2 + random.nextInt(CUTOFF - 1);
      boolean[] scored = new boolean[length];
      for (int t = 0; t < length; t++) {
        scored[t] = i % 3 != 0 || random.nextBoolean();
      }
      scored[length - 1] = true;
      samples.add(new TokenSample(100 + i, random.ints(length, 0, 61).toArray(), scored));
    }
    return samples;
  }

  private static EffortConfig config(EffortParams params, long memory) {
    return new EffortConfig(params, CUTOFF, memory, 0);
  }

  /** The least memory: one byte less is refused. */
  private long leastMemory(Backend backend, EffortParams params) {
    HfCheckpoint checkpoint = fixture.checkpoint(true);
    long least =
        EffortScorer.leastBytes(
            backend, checkpoint.config(), checkpoint.lora(), config(params, 1000));
    assertThrows(
        ConfigException.class, () -> fixture.score(backend, true, config(params, least - 1)));
    return least;
  }

  @ParameterizedTest
  @MethodSource("dev.coppice.score.EffortBackends#all")
  void bitsDoNotDependOnMemory(EffortBackends.Kind kind) {
    List<TokenSample> samples = manySamples(kind == EffortBackends.Kind.CPU ? 150 : 12);
    try (Backend backend = kind.open()) {
      for (EffortParams params : EffortBackends.PARAMS) {
        long least = leastMemory(backend, params);
        EffortBatch roomy = fixture.score(backend, true, config(params, 1L << 30), samples);
        for (long memory : new long[] {least, least + least / 3, 3 * least}) {
          EffortBatch tight = fixture.score(backend, true, config(params, memory), samples);
          assertSameBits(roomy, tight);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.coppice.score.EffortBackends#all")
  void bitsDoNotDependOnTheSizeOfChunks(EffortBackends.Kind kind) {
    List<TokenSample> samples = manySamples(12);
    HfCheckpoint checkpoint = fixture.checkpoint(true);
    try (Backend backend = kind.open();
        CheckpointWeights weights = new CheckpointWeights(backend, checkpoint)) {
      for (EffortParams params : EffortBackends.PARAMS) {
        EffortConfig config = config(params, LlmFixture.MEMORY);
        EffortBatch whole = fixture.score(backend, true, config, samples);
        for (int logitRows : new int[] {0, 7}) {
          EffortPlan plan =
              new EffortPlan(
                  backend,
                  checkpoint.config(),
                  checkpoint.lora(),
                  config,
                  CUTOFF + 10,
                  logitRows * 4L * checkpoint.config().vocabulary());
          try (EffortScorer scorer = new EffortScorer(plan, weights.model(), weights.adapter())) {
            assertSameBits(whole, scorer.score(samples));
          }
        }
      }
    }
  }

  @Test
  void macroBatchesHoldNoMoreSamplesThanTheyHavePlaceFor() {
    List<TokenSample> samples =
        Collections.nCopies(
            4200, new TokenSample(0, new int[] {7, 9}, new boolean[] {false, true}));
    try (Backend backend = EffortBackends.Kind.CPU.open()) {
      EffortConfig config = config(EffortParams.LAST_V_LORA_B, LlmFixture.MEMORY);
      EffortBatch batch = fixture.score(backend, true, config, samples);
      double[] same = new double[4200];
      Arrays.fill(same, batch.effort()[0]);
      assertArrayEquals(same, batch.effort());
    }
  }

  @Test
  void failureToLoadReleasesTheWorkspace() {
    HfCheckpoint checkpoint = fixture.checkpoint(true);
    EffortConfig config = config(EffortParams.ALL_LORA, LlmFixture.MEMORY);
    try (Backend backend = EffortBackends.Kind.REFERENCE.open();
        CheckpointWeights weights = new CheckpointWeights(backend, checkpoint)) {
      assertThrows(
          IllegalArgumentException.class,
          () ->
              new EffortScorer(
                  backend,
                  checkpoint.config(),
                  checkpoint.lora(),
                  name -> weights.model().tensor(name + ".other"),
                  weights.adapter(),
                  config));
      assertEquals(0, backend.liveBytes());
    }
  }

  @Test
  void memoryBoundsTheWorkspace() {
    HfCheckpoint checkpoint = fixture.checkpoint(true);
    try (Backend backend = EffortBackends.Kind.REFERENCE.open();
        CheckpointWeights weights = new CheckpointWeights(backend, checkpoint)) {
      long least = leastMemory(backend, EffortParams.ALL_LORA);
      int before = 0;
      for (long memory : new long[] {least, 2 * least, 8 * least}) {
        try (EffortScorer scorer =
            new EffortScorer(
                backend,
                checkpoint.config(),
                checkpoint.lora(),
                weights.model(),
                weights.adapter(),
                config(EffortParams.ALL_LORA, memory))) {
          assertTrue(scorer.workspaceBytes() <= memory);
          assertEquals(scorer.workspaceBytes(), backend.liveBytes(), 64);
          assertTrue(scorer.macroBatchPositions() > before, "memory is left unused");
          before = scorer.macroBatchPositions();
        }
        assertEquals(0, backend.liveBytes());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.coppice.score.EffortBackends#all")
  void bitsDoNotDependOnTheOtherSamplesOrTheirOrder(EffortBackends.Kind kind) {
    List<TokenSample> samples = manySamples(9);
    List<TokenSample> shuffled = new ArrayList<>(samples);
    Collections.shuffle(shuffled, new Random(3));
    try (Backend backend = kind.open()) {
      EffortConfig config = config(EffortParams.ALL_LORA, LlmFixture.MEMORY);
      EffortBatch together = fixture.score(backend, true, config, samples);
      EffortBatch otherOrder = fixture.score(backend, true, config, shuffled);
      for (int i = 0; i < samples.size(); i++) {
        EffortBatch alone = fixture.score(backend, true, config, samples.subList(i, i + 1));
        int place = shuffled.indexOf(samples.get(i));
        assertEquals(samples.get(i).sample(), otherOrder.samples()[place]);
        assertEquals(together.effort()[i], alone.effort()[0], 0.0);
        assertEquals(together.loss()[i], alone.loss()[0], 0.0);
        assertEquals(together.effort()[i], otherOrder.effort()[place], 0.0);
        assertEquals(together.loss()[i], otherOrder.loss()[place], 0.0);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.coppice.score.EffortBackends#all")
  void nothingAfterTheLastScoredTokenMatters(EffortBackends.Kind kind) {
    int[] ids = {5, 9, 33, 60, 1, 2, 17, 8};
    boolean[] scored = {false, false, true, true, false, false, false, false};
    TokenSample whole = new TokenSample(0, ids, scored);
    TokenSample cut = new TokenSample(1, Arrays.copyOf(ids, 4), Arrays.copyOf(scored, 4));
    try (Backend backend = kind.open()) {
      EffortBatch batch =
          fixture.score(
              backend, true, config(EffortParams.ALL_LORA, LlmFixture.MEMORY), List.of(whole, cut));
      assertEquals(batch.loss()[0], batch.loss()[1], 0.0);
      assertEquals(batch.effort()[0], batch.effort()[1], kind.tolerance() * batch.effort()[0]);
    }
  }

  @Test
  void refusesWhatTheModelCannotTake() {
    try (Backend backend = EffortBackends.Kind.REFERENCE.open()) {
      EffortConfig config = config(EffortParams.LAST_V_LORA_B, LlmFixture.MEMORY);
      assertMessage(
          "sample 3: has token 61 where the model's vocabulary has 61;", backend, config, 5, 61);
      assertMessage("sample 3: has token -1 where", backend, config, 5, -1);
      assertMessage(
          "sample 3: has 31 tokens where the cutoff is 30;", backend, config, new int[31]);
      ConfigException refused =
          assertThrows(
              ConfigException.class,
              () ->
                  fixture.score(
                      backend,
                      true,
                      new EffortConfig(EffortParams.ALL_LORA, 65, LlmFixture.MEMORY, 0)));
      assertTrue(
          refused
              .getMessage()
              .startsWith(
                  "cutoff 65 exceeds the 64 positions that the model's config.json is right"),
          refused.getMessage());
    }
  }

  private void assertMessage(String start, Backend backend, EffortConfig config, int... ids) {
    boolean[] scored = new boolean[ids.length];
    Arrays.fill(scored, true);
    List<TokenSample> samples = List.of(new TokenSample(3, ids, scored));
    InputException refused =
        assertThrows(InputException.class, () -> fixture.score(backend, true, config, samples));
    assertTrue(refused.getMessage().startsWith(start), refused.getMessage());
    assertEquals(0, backend.liveBytes());
  }

  @Test
  void adapterWithoutTheLastValueProjectionIsRefusedByName() {
    HfCheckpoint checkpoint = fixture.checkpoint(true);
    LoraConfig lora = checkpoint.lora();
    LoraConfig queries =
        LoraConfig.uniform(
            new LoraConfig.Size(lora.largestRank(), 2),
            lora.targets().stream().filter(target -> target.projection() == Projection.Q).toList());
    try (Backend backend = EffortBackends.Kind.REFERENCE.open();
        CheckpointWeights weights = new CheckpointWeights(backend, checkpoint)) {
      ConfigException refused =
          assertThrows(
              ConfigException.class,
              () ->
                  new EffortScorer(
                      backend,
                      checkpoint.config(),
                      queries,
                      weights.model(),
                      weights.adapter(),
                      config(EffortParams.LAST_V_LORA_B, LlmFixture.MEMORY)));
      assertTrue(
          refused.getMessage().contains("model.layers.2.self_attn.v_proj"), refused.getMessage());
    }
  }

  @Test
  void unscorableSamplesAreNamedAndRefused() {
    TokenSample none = new TokenSample(4, new int[] {1, 2}, new boolean[] {true, false});
    TokenSample one = new TokenSample(5, new int[] {1}, new boolean[] {true});
    assertEquals(4, EffortScorer.unscorable(none).orElseThrow().sample());
    assertTrue(EffortScorer.unscorable(one).isPresent());
    assertTrue(EffortScorer.unscorable(manySamples(1).get(0)).isEmpty());
    try (Backend backend = EffortBackends.Kind.REFERENCE.open()) {
      EffortConfig config = config(EffortParams.ALL_LORA, LlmFixture.MEMORY);
      assertThrows(
          IllegalArgumentException.class,
          () -> fixture.score(backend, true, config, List.of(none)));
      EffortBatch nothing = fixture.score(backend, true, config, List.of());
      assertEquals(0, nothing.effort().length);
    }
  }

  private static void assertSameBits(EffortBatch a, EffortBatch b) {
    assertArrayEquals(a.samples(), b.samples());
    assertArrayEquals(a.effort(), b.effort());
    assertArrayEquals(a.loss(), b.loss());
    assertEquals(a.tensorNorms().keySet(), b.tensorNorms().keySet());
    a.tensorNorms().forEach((name, norms) -> assertArrayEquals(norms, b.tensorNorms().get(name)));
  }
}
