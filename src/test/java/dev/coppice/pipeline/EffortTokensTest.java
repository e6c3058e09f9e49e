// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.coppice.data.SharedPrefix;
import dev.coppice.data.TokenSample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tokens of samples as they wait to be scored. */
class EffortTokensTest {
  @TempDir Path folder;

  private static TokenSample sample(int id, int length) {
    int[] ids = new int[length];
    Arrays.setAll(ids, t -> t < 4 ? t + 1 : 10 * id + t);
    boolean[] scored = new boolean[length];
    Arrays.fill(scored, true);
    return new TokenSample(id, ids, scored);
  }

  @Test
  void nothingIsSharedWhereLongSamplesHaveOtherAngles() throws IOException {
    Progress progress = Progress.SILENT;
    try (Progress.Task task = progress.start("tokens", 0, 2, "samples");
        EffortTokens tokens =
            EffortTokens.of(
                folder, new int[] {1, 2}, ids -> List.of(sample(1, 5), sample(2, 9)), task)) {
      assertEquals(2, tokens.count());
      assertArrayEquals(sample(2, 9).inputIds(), tokens.get(1).inputIds());
      assertEquals(3, tokens.shared(Integer.MAX_VALUE).length());
      assertEquals(3, tokens.shared(9).length());
      assertEquals(SharedPrefix.NONE, tokens.shared(8));
    }
  }
}
