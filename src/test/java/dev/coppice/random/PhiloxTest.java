// SPDX-License-Identifier: Apache-2.0
package dev.coppice.random;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class PhiloxTest {
  /** Known answers of the generator's authors (Random123, kat_vectors, philox4x32 10). */
  @Test
  void agreesWithThePublishedVectors() {
    assertArrayEquals(
        new int[] {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}, block(0, 0, 0, 0, 0, 0));
    assertArrayEquals(
        new int[] {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}, block(-1, -1, -1, -1, -1, -1));
    assertArrayEquals(
        new int[] {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
        block(0xa4093822, 0x299f31d0, 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344));
  }

  @Test
  void seedIsTheKeyAndPurposeTheFirstCounterWord() {
    long seed = 0x299f31d0a4093822L;
    int word = Philox.firstWord(seed, 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344);
    assertEquals(0xd16cfe09, word);
    assertEquals(
        0x94fdccebd16cfe09L, Philox.key(seed, 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344));
    assertEquals(
        0xd16cfe09L / 4294967296.0,
        Philox.uniform(seed, 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344));
  }

  @Test
  void belowIsTheFloorOfTheScaledUniform() {
    for (int c = 0; c < 1000; c++) {
      double u = Philox.uniform(42, Purpose.DEMO, 1, 2, c);
      assertEquals((int) Math.floor(u * 17332), Philox.below(17332, 42, Purpose.DEMO, 1, 2, c));
    }
    assertThrows(IllegalArgumentException.class, () -> Philox.below(0, 42, 1, 0, 0, 0));
  }

  private static int[] block(int k0, int k1, int c0, int c1, int c2, int c3) {
    int[] out = new int[4];
    Philox.block(k0, k1, c0, c1, c2, c3, out);
    return out;
  }
}
