// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class EvaluationSetTest {
  private static final Dataset DATASET =
      SmallDataset.of(
          9,
          SmallDataset.rows(new int[] {1, 2, 3}, new int[] {4}, new int[] {5, 6}),
          SmallDataset.rows(new int[] {7, 7, 2}, new int[0], new int[] {8}),
          SmallDataset.rows(new int[] {9}, new int[] {1, 2}, new int[0]),
          null);

  @Test
  void validRanksFromTheTrainingItems() {
    EvaluationSet set = EvaluationSet.of(DATASET, EvaluationSet.Part.VALID, 2);
    assertEquals(2, set.count());
    assertArrayEquals(new int[] {0, 2}, set.users());
    assertArrayEquals(new int[] {0, 2, 4}, set.offsets());
    assertArrayEquals(new int[] {2, 3, 5, 6}, set.items());
    assertArrayEquals(new int[] {0, 1, 0, 1}, set.positions());
    assertArrayEquals(new int[] {0, 3, 5}, set.mask().offsets());
    assertArrayEquals(new int[] {1, 2, 3, 5, 6}, set.mask().items());
    assertArrayEquals(new int[] {0, 2, 3}, set.answers().offsets());
    assertArrayEquals(new int[] {2, 7, 8}, set.answers().items());
  }

  @Test
  void testRanksFromTheTrainingAndValidationItems() {
    EvaluationSet set = EvaluationSet.of(DATASET, EvaluationSet.Part.TEST, 5);
    assertArrayEquals(new int[] {0, 1}, set.users());
    assertArrayEquals(new int[] {0, 5, 6}, set.offsets());
    assertArrayEquals(new int[] {2, 3, 7, 7, 2, 4}, set.items());
    assertArrayEquals(new int[] {0, 1, 2, 3, 4, 4}, set.positions());
    assertArrayEquals(new int[] {1, 2, 3, 7, 7, 2, 4}, set.mask().items());
    assertArrayEquals(new int[] {0, 6, 7}, set.mask().offsets());
    assertArrayEquals(new int[] {9, 1, 2}, set.answers().items());
  }

  @Test
  void aPartWithoutAnswersIsEmpty() {
    Dataset dataset = SmallDataset.random(4, 9, 3, 1);
    EvaluationSet set = EvaluationSet.of(dataset, EvaluationSet.Part.VALID, 5);
    assertEquals(0, set.count());
    assertEquals(0, set.items().length);
    assertThrows(
        ConfigException.class, () -> EvaluationSet.of(dataset, EvaluationSet.Part.VALID, 0));
  }
}
