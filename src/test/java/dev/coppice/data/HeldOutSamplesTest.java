// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class HeldOutSamplesTest {
  private static final Sequences TRAIN =
      SmallDataset.rows(new int[] {1, 2, 3}, new int[] {4}, new int[] {5, 6}, new int[] {7, 8, 9});
  private static final Sequences VALID =
      SmallDataset.rows(new int[] {4, 5}, new int[] {6}, new int[] {}, new int[] {1, 2, 3, 4});
  private static final Dataset DATASET =
      SmallDataset.of(
          12,
          TRAIN,
          VALID,
          SmallDataset.rows(new int[4][0]),
          SmallDataset.rows(new int[] {9, 9}, new int[] {}, new int[] {9}, new int[] {1, 1}));

  @Test
  void countsTransitionsToValidationItemsOnly() {
    HeldOutSamples heldOut = new HeldOutSamples(DATASET, 10, 3);
    assertArrayEquals(new int[] {0, 1, 3}, heldOut.users());
    PackedBatch batch = heldOut.batch(new int[] {1, 0});
    assertArrayEquals(new int[] {0, 1, 5}, batch.offsets());
    assertArrayEquals(new int[] {4, 1, 2, 3, 4}, batch.items());
    assertArrayEquals(new int[] {6, 2, 3, 4, 5}, batch.positives());
    assertArrayEquals(new double[] {1, 0, 0, 0.5, 0.5}, batch.weights());
    assertArrayEquals(new int[] {9, 6, 7, 8, 9}, batch.positions());
  }

  @Test
  void keepsTheLastTransitions() {
    PackedBatch batch = new HeldOutSamples(DATASET, 3, 3).batch(new int[] {3, 0});
    assertArrayEquals(new int[] {2, 3, 4, 3, 4, 5}, batch.positives());
    double third = 1.0 / 3;
    assertArrayEquals(new double[] {third, third, third, 0, 0.5, 0.5}, batch.weights());
  }

  @Test
  void drawsNegativesThatAreInNeitherPart() {
    for (int seed = 0; seed < 20; seed++) {
      for (int negative : new HeldOutSamples(DATASET, 10, seed).batch(new int[] {3}).negatives()) {
        assertTrue(
            negative == 5 || negative == 6 || negative >= 10 && negative <= 12, "item " + negative);
      }
    }
  }

  @Test
  void refusesAUserWithoutValidationItems() {
    HeldOutSamples heldOut = new HeldOutSamples(DATASET, 10, 3);
    assertThrows(IllegalArgumentException.class, () -> heldOut.batch(new int[] {2}));
  }
}
