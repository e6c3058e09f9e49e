// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.coppice.data.SharedPrefix;
import dev.coppice.data.TokenSample;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How samples are packed and cut into chunks. */
class MacroBatchTest {
  private static TokenSample sample(boolean[] scored, int... ids) {
    return new TokenSample(0, ids, scored);
  }

  @Test
  void offsetsCountFromEachChunk() {
    boolean[] all = {false, true, true};
    List<TokenSample> samples =
        List.of(
            sample(all, 10, 11, 12),
            sample(new boolean[] {true, false, true}, 20, 21, 22),
            sample(new boolean[] {true, true}, 30, 31));
    MacroBatch batch =
        new MacroBatch(
            samples,
            SharedPrefix.NONE,
            MacroBatch.cuts(samples, 0, 6, 6),
            sample -> sample.length() == 2 ? 40 : 0);
    assertEquals(
        List.of(
            new MacroBatch.Chunk(0, 2, 0, 6, 0, 3, 0), new MacroBatch.Chunk(2, 1, 6, 2, 3, 1, 3)),
        batch.chunks);
    assertArrayEquals(new int[] {10, 11, 12, 20, 21, 22, 30, 31}, batch.ids);
    assertArrayEquals(new int[] {0, 1, 2, 0, 1, 2, 40, 41}, batch.positions);
    assertArrayEquals(new int[] {0, 3, 6, 0, 2}, batch.offsets);
    assertArrayEquals(new int[] {0, 1, 4, 0}, batch.targetRows);
    assertArrayEquals(new int[] {0, 2, 3, 0, 1}, batch.targetOffsets);
    assertArrayEquals(new int[] {11, 12, 22, 31}, batch.targets);
    assertArrayEquals(new double[] {0.5, 0.5, 1, 1}, batch.weights);
  }

  @Test
  void sharedPrefixIsAChunkOfItsOwnWithWeightsOfOne() {
    boolean[] all = {true, true, true, true};
    List<TokenSample> samples =
        List.of(
            sample(all, 1, 2, 3, 4),
            sample(all, 1, 2, 3, 5),
            sample(new boolean[] {true, true, true}, 1, 2, 3));
    SharedPrefix prefix = SharedPrefix.of(samples);
    MacroBatch batch =
        new MacroBatch(samples, prefix, MacroBatch.cuts(samples, 2, 4, 9), sample -> 0);
    assertEquals(
        List.of(
            new MacroBatch.Chunk(0, 1, 0, 2, 0, 2, 0),
            new MacroBatch.Chunk(0, 2, 2, 4, 2, 2, 2),
            new MacroBatch.Chunk(2, 1, 6, 1, 4, 0, 5)),
        batch.chunks);
    assertArrayEquals(new int[] {1, 2, 3, 4, 3, 5, 3}, batch.ids);
    assertArrayEquals(new int[] {0, 1, 2, 3, 2, 3, 2}, batch.positions);
    assertArrayEquals(new int[] {0, 2, 0, 2, 4, 0, 1}, batch.offsets);
    assertArrayEquals(new int[] {0, 1, 0, 2}, batch.targetRows);
    assertArrayEquals(new int[] {0, 2, 0, 1, 2, 0, 0}, batch.targetOffsets);
    assertArrayEquals(new int[] {2, 3, 4, 5}, batch.targets);
    assertArrayEquals(new double[] {1, 1, 1.0 / 3, 1.0 / 3}, batch.weights);
    assertEquals(List.of(2, 1), MacroBatch.cuts(samples, 2, 9, 8));
  }

  @Test
  void sampleLongerThanAChunkIsRefused() {
    List<TokenSample> samples = List.of(sample(new boolean[] {false, true, true}, 1, 2, 3));
    assertThrows(IllegalArgumentException.class, () -> MacroBatch.cuts(samples, 0, 2, 9));
  }
}
