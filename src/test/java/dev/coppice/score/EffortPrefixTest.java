// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.backend.Backend;
import dev.coppice.data.SharedPrefix;
import dev.coppice.data.TokenSample;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Scores with a shared prefix against those without one. */
class EffortPrefixTest {
  private static final int CUTOFF = 24;
  private static final List<EffortParams> PARAMS =
      List.of(
          EffortParams.LAST_V_LORA_B,
          EffortParams.ALL_LORA,
          EffortParams.of("layers\\.0\\..*lora_B"),
          EffortParams.of("layers\\.\\d+\\.self_attn\\.(v|qkv)_proj\\.lora_A"));

  static Stream<Arguments> cases() {
    return Stream.of("qwen2-sharded", "gemma2", "gemma3", "mistral", "phi3", "qwen3")
        .flatMap(name -> EffortBackends.all().map(backend -> Arguments.of(name, backend)));
  }

  /**
   * Samples whose first {@code common} tokens and labels are the same.
   *
   * @param response how many of the common labels are not scored
   */
  private static List<TokenSample> samples(int count, int common, int response, int vocabulary) {
    Random random = new Random(common);
    int[] first = random.ints(common, 0, vocabulary).toArray();
    List<TokenSample> samples = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int length = Math.max(2, common + (i == 2 ? 0 : 1 + random.nextInt(CUTOFF - common)));
      int[] ids = new int[length];
      boolean[] scored = new boolean[length];
      for (int t = 0; t < length; t++) {
        ids[t] = t < common ? first[t] : t == common ? i : random.nextInt(vocabulary);
        scored[t] = t < common ? t >= response : random.nextInt(4) > 0;
      }
      scored[length - 1] = scored[length - 1] || length > common;
      TokenSample sample = new TokenSample(i, ids, scored);
      if (sample.targets() > 0) {
        samples.add(sample);
      }
    }
    return samples;
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("cases")
  void sharingDoesNotChangeTheScores(String name, EffortBackends.Kind kind) {
    LlmFixture fixture = LlmFixture.committed(name);
    int vocabulary = fixture.checkpoint(true).config().vocabulary();
    double tolerance = kind == EffortBackends.Kind.CPU ? 1e-6 : 1e-7;
    try (Backend backend = kind.open()) {
      for (EffortParams params : PARAMS) {
        for (int[] shape : new int[][] {{1, 0}, {2, 0}, {9, 0}, {9, 9}, {9, 4}, {16, 0}}) {
          List<TokenSample> samples = samples(7, shape[0], shape[1], vocabulary);
          EffortConfig config = new EffortConfig(params, CUTOFF, LlmFixture.MEMORY, 0);
          SharedPrefix prefix = SharedPrefix.of(samples);
          assertEquals(shape[0] - 1, prefix.length());
          EffortBatch apart = fixture.score(backend, true, config, samples);
          EffortBatch shared = fixture.score(backend, true, config.with(prefix), samples);
          String what = params + " of " + shape[0] + " common tokens";
          assertNear(apart.loss(), shared.loss(), tolerance, what + ", loss");
          assertNear(apart.effort(), shared.effort(), tolerance, what + ", effort");
          apart
              .tensorNorms()
              .forEach(
                  (tensor, norms) ->
                      LlmFixture.assertClose(
                          norms, shared.tensorNorms().get(tensor), tolerance, what + tensor));
        }
      }
    }
  }

  /** {@code |shared - apart| <= tolerance apart} for each sample. */
  private static void assertNear(double[] apart, double[] shared, double tolerance, String what) {
    for (int i = 0; i < apart.length; i++) {
      assertEquals(apart[i], shared[i], tolerance * Math.abs(apart[i]), what);
    }
  }

  @ParameterizedTest
  @MethodSource("dev.coppice.score.EffortBackends#all")
  void allButOneTokenAreShared(EffortBackends.Kind kind) {
    LlmFixture fixture = LlmFixture.committed("qwen2-sharded");
    TokenSample sample = samples(1, 5, 0, 61).get(0);
    List<TokenSample> twice = List.of(sample, sample);
    SharedPrefix prefix = SharedPrefix.of(twice);
    assertEquals(sample.length() - 1, prefix.length());
    try (Backend backend = kind.open()) {
      for (EffortParams params : PARAMS) {
        EffortConfig config = new EffortConfig(params, CUTOFF, LlmFixture.MEMORY, 0);
        EffortBatch apart = fixture.score(backend, true, config, twice);
        EffortBatch shared = fixture.score(backend, true, config.with(prefix), twice);
        assertNear(apart.effort(), shared.effort(), 1e-6, params.toString());
        assertNear(apart.loss(), shared.loss(), 1e-6, params.toString());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.coppice.score.EffortBackends#all")
  void bitsDoNotDependOnMemoryOrderOrShard(EffortBackends.Kind kind) {
    LlmFixture fixture = LlmFixture.committed("qwen2-sharded");
    List<TokenSample> samples = samples(40, 9, 3, 61);
    SharedPrefix prefix = SharedPrefix.of(samples);
    List<TokenSample> shuffled = new ArrayList<>(samples);
    Collections.shuffle(shuffled, new Random(4));
    try (Backend backend = kind.open()) {
      for (EffortParams params : EffortBackends.PARAMS) {
        EffortConfig roomy = new EffortConfig(params, CUTOFF, LlmFixture.MEMORY, 0).with(prefix);
        EffortBatch all = fixture.score(backend, true, roomy, samples);
        EffortConfig tight = new EffortConfig(params, CUTOFF, least(backend, roomy), 0, prefix);
        EffortBatch pieces = fixture.score(backend, true, tight, samples);
        assertArrayEquals(all.effort(), pieces.effort());
        assertArrayEquals(all.loss(), pieces.loss());
        EffortBatch other = fixture.score(backend, true, roomy, shuffled.subList(0, 11));
        for (int i = 0; i < 11; i++) {
          int place = samples.indexOf(shuffled.get(i));
          assertEquals(all.effort()[place], other.effort()[i], 0.0);
          assertEquals(all.loss()[place], other.loss()[i], 0.0);
        }
      }
    }
  }

  private static long least(Backend backend, EffortConfig config) {
    var checkpoint = LlmFixture.committed("qwen2-sharded").checkpoint(true);
    EffortPlan plan = new EffortPlan(backend, checkpoint.config(), checkpoint.lora(), config);
    return plan.bytes(CUTOFF + 7);
  }

  /** Where long texts have other angles, equal tokens are not the same. */
  @Test
  void longTextsWithAnglesOfTheirOwnShareNothing() {
    LlmFixture fixture = LlmFixture.committed("phi3-long");
    List<TokenSample> samples = samples(4, 6, 0, 39);
    assertTrue(samples.stream().anyMatch(sample -> sample.length() > 11), "one is long");
    String refused = refusal(fixture, SharedPrefix.of(samples), samples);
    assertTrue(refused.contains("angles of its own"), refused);
  }

  private static String refusal(
      LlmFixture fixture, SharedPrefix prefix, List<TokenSample> samples) {
    try (Backend backend = EffortBackends.Kind.REFERENCE.open()) {
      EffortConfig config =
          new EffortConfig(EffortParams.ALL_LORA, CUTOFF, LlmFixture.MEMORY, 0).with(prefix);
      return assertThrows(
              IllegalArgumentException.class, () -> fixture.score(backend, true, config, samples))
          .getMessage();
    }
  }

  @Test
  void samplesMustBeginWithThePrefix() {
    LlmFixture fixture = LlmFixture.committed("qwen2-sharded");
    List<TokenSample> samples = samples(3, 6, 0, 61);
    int[] ids = samples.get(0).inputIds().clone();
    ids[2]++;
    TokenSample other = new TokenSample(9, ids, samples.get(0).scored());
    String refused = refusal(fixture, SharedPrefix.of(samples), List.of(other));
    assertTrue(refused.startsWith("sample 9 does not begin"), refused);
  }
}
