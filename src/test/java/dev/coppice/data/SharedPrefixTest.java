// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What samples have in common, token and label. */
class SharedPrefixTest {
  private static TokenSample sample(String labels, int... ids) {
    boolean[] scored = new boolean[ids.length];
    for (int t = 0; t < ids.length; t++) {
      scored[t] = labels.charAt(t) == '1';
    }
    return new TokenSample(0, ids, scored);
  }

  @Test
  void lastCommonTokenTravelsWithTheSamples() {
    SharedPrefix prefix =
        SharedPrefix.of(
            List.of(
                sample("1111", 1, 2, 3, 4),
                sample("11111", 1, 2, 3, 5, 6),
                sample("111", 1, 2, 3)));
    assertEquals(2, prefix.length());
    assertArrayEquals(new int[] {1, 2, 3}, prefix.ids());
  }

  @Test
  void labelsMustAgreeButForTheFirstToken() {
    TokenSample all = sample("1111", 1, 2, 3, 4);
    assertEquals(3, SharedPrefix.of(List.of(all, sample("0111", 1, 2, 3, 4))).length());
    assertEquals(1, SharedPrefix.of(List.of(all, sample("1101", 1, 2, 3, 4))).length());
    assertEquals(0, SharedPrefix.of(List.of(all, sample("1011", 1, 2, 3, 4))).length());
  }

  @Test
  void nothingIsShared() {
    assertEquals(0, SharedPrefix.of(List.of()).length());
    assertEquals(0, SharedPrefix.of(List.of(sample("11", 1, 2), sample("11", 3, 2))).length());
    assertEquals(0, SharedPrefix.of(List.of(sample("11", 1, 2), sample("11", 1, 3))).length());
    assertTrue(SharedPrefix.NONE.begins(sample("1", 9)));
  }

  @Test
  void samplesBeginWithItOrNot() {
    SharedPrefix prefix = SharedPrefix.ofFirst(sample("1111", 1, 2, 3, 4), 2);
    assertTrue(prefix.begins(sample("111", 1, 2, 3)));
    assertFalse(prefix.begins(sample("11", 1, 2)));
    assertFalse(prefix.begins(sample("111", 1, 2, 4)));
    assertFalse(prefix.begins(sample("110", 1, 2, 3)));
    assertThrows(IllegalArgumentException.class, () -> SharedPrefix.ofFirst(sample("11", 1, 2), 2));
  }
}
