// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.random.Philox;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class SurrogateSamplesTest {
  private static final Sequences TRAIN =
      SmallDataset.rows(
          new int[] {1, 2, 3, 4, 5}, new int[] {9}, new int[] {7, 8}, new int[] {6, 6, 5});
  private static final Sequences NONE = new Sequences(new int[5], new int[0]);

  @Test
  void packsTransitionsRightAligned() {
    Sequences negatives =
        SmallDataset.rows(new int[] {10, 9, 8, 7}, new int[0], new int[] {1}, new int[] {2, 3});
    Dataset dataset = SmallDataset.of(10, TRAIN, NONE, NONE, negatives);
    SurrogateSamples samples = new SurrogateSamples(dataset, 3, 0, 42);
    PackedBatch batch = samples.batch(new int[] {3, 0, 2}, 5, Weighting.BATCH_MEAN);
    assertArrayEquals(new int[] {3, 0, 2}, batch.samples());
    assertArrayEquals(new int[] {0, 2, 5, 6}, batch.offsets());
    assertArrayEquals(new int[] {6, 6, 2, 3, 4, 7}, batch.items());
    assertArrayEquals(new int[] {6, 5, 3, 4, 5, 8}, batch.positives());
    assertArrayEquals(new int[] {2, 3, 9, 8, 7, 1}, batch.negatives());
    assertArrayEquals(new int[] {1, 2, 0, 1, 2, 2}, batch.positions());
    double w = 1.0 / 6;
    assertArrayEquals(new double[] {w, w, w, w, w, w}, batch.weights());
    assertEquals(3, batch.sampleCount());
    assertEquals(6, batch.positionCount());
    PackedBatch own = samples.batch(new int[] {3, 0, 2}, 5, Weighting.SAMPLE_MEAN);
    double third = 1.0 / 3;
    assertArrayEquals(new double[] {0.5, 0.5, third, third, third, 1}, own.weights());
  }

  @Test
  void holdoutDropsTheLatestItems() {
    Sequences negatives =
        SmallDataset.rows(new int[] {10, 9, 8, 7}, new int[0], new int[] {1}, new int[] {2, 3});
    Dataset dataset = SmallDataset.of(10, TRAIN, NONE, NONE, negatives);
    SurrogateSamples samples = new SurrogateSamples(dataset, 2, 1, 42);
    assertArrayEquals(new int[] {0, 3}, samples.scorable());
    assertEquals(
        List.of(
            new Unscorable(1, "1 training item of which 1 held out, so no next-item target"),
            new Unscorable(2, "2 training items of which 1 held out, so no next-item target")),
        samples.unscorable());
    PackedBatch batch = samples.batch(new int[] {0, 3}, 0, Weighting.SAMPLE_MEAN);
    assertArrayEquals(new int[] {2, 3, 6}, batch.items());
    assertArrayEquals(new int[] {3, 4, 6}, batch.positives());
    assertArrayEquals(new int[] {9, 8, 2}, batch.negatives());
    assertArrayEquals(new int[] {0, 1, 1}, batch.positions());
  }

  @Test
  void listsTheUnscorable() {
    Dataset dataset = SmallDataset.of(10, TRAIN, NONE, NONE, null);
    SurrogateSamples samples = new SurrogateSamples(dataset, 50, 0, 42);
    assertArrayEquals(new int[] {0, 2, 3}, samples.scorable());
    assertEquals(
        List.of(new Unscorable(1, "1 training item, so no next-item target")),
        samples.unscorable());
    assertEquals(0, samples.transitions(1));
    assertThrows(
        IllegalArgumentException.class,
        () -> samples.batch(new int[] {0, 1}, 0, Weighting.BATCH_MEAN));
  }

  /** The definition in docs/randomness.md, in floating point and one draw at a time. */
  @Test
  void drawsNegativesByTheirCounters() {
    Dataset dataset = SmallDataset.random(40, 25, 30, 9);
    long seed = 0x123456789abcdefL;
    for (int epoch : new int[] {0, 3}) {
      SurrogateSamples samples = new SurrogateSamples(dataset, 10, 0, seed);
      PackedBatch batch = samples.batch(samples.scorable(), epoch, Weighting.BATCH_MEAN);
      for (int b = 0; b < batch.sampleCount(); b++) {
        int sample = batch.samples()[b];
        int transitions = dataset.train().length(sample) - 1;
        for (int at = batch.offsets()[b + 1] - 1; at >= batch.offsets()[b]; at--) {
          transitions--;
          int expected = drawn(dataset, sample, epoch, transitions, seed);
          assertEquals(expected, batch.negatives()[at], "sample " + sample);
        }
      }
    }
  }

  private static int drawn(Dataset dataset, int sample, int epoch, int transition, long seed) {
    for (int attempt = 0; ; attempt++) {
      double u = Philox.uniform(seed, 1, sample, epoch, transition * 64 + attempt);
      int item = 1 + (int) Math.floor(u * dataset.items());
      Sequences train = dataset.train();
      if (Arrays.stream(train.items(), train.start(sample), train.start(sample + 1))
          .noneMatch(chosen -> chosen == item)) {
        return item;
      }
    }
  }

  @Test
  void negativesDependOnNeitherTruncationNorBatchNorHoldout() {
    Dataset dataset = SmallDataset.random(40, 60, 30, 10);
    SurrogateSamples all = new SurrogateSamples(dataset, 50, 0, 1);
    SurrogateSamples few = new SurrogateSamples(dataset, 4, 0, 1);
    SurrogateSamples held = new SurrogateSamples(dataset, 50, 1, 1);
    for (int sample : held.scorable()) {
      int[] one = {sample};
      int[] negatives = all.batch(one, 2, Weighting.BATCH_MEAN).negatives();
      int[] latest = few.batch(one, 2, Weighting.BATCH_MEAN).negatives();
      int from = negatives.length - latest.length;
      assertArrayEquals(latest, Arrays.copyOfRange(negatives, from, negatives.length));
      int[] earlier = held.batch(one, 2, Weighting.BATCH_MEAN).negatives();
      assertArrayEquals(earlier, Arrays.copyOf(negatives, negatives.length - 1));
      assertFalse(
          negatives.length > 5
              && Arrays.equals(negatives, all.batch(one, 3, Weighting.BATCH_MEAN).negatives()));
    }
  }

  @Test
  void findsTheOnlyNegativeThereIs() {
    int[] allButOne = new int[199];
    for (int item = 1; item <= 199; item++) {
      allButOne[item - 1] = item;
    }
    Sequences none = new Sequences(new int[2], new int[0]);
    Dataset dataset = SmallDataset.of(200, SmallDataset.rows(allButOne), none, none, null);
    SurrogateSamples samples = new SurrogateSamples(dataset, 5, 0, 42);
    int[] negatives = samples.batch(new int[] {0}, 0, Weighting.BATCH_MEAN).negatives();
    assertArrayEquals(new int[] {200, 200, 200, 200, 200}, negatives);
  }

  @Test
  void refusesAUserWhoHasChosenEveryItem() {
    Sequences train = SmallDataset.rows(new int[] {1, 2}, new int[] {3, 1, 1, 2});
    Sequences none = new Sequences(new int[3], new int[0]);
    Dataset dataset = SmallDataset.of(3, train, none, none, null);
    InputException refused =
        assertThrows(InputException.class, () -> new SurrogateSamples(dataset, 50, 0, 42));
    assertTrue(
        refused.getMessage().startsWith("train.txt:2: user user1 has chosen every item"),
        refused.getMessage());
    Sequences fixed = SmallDataset.rows(new int[] {3}, new int[] {1, 2, 3});
    new SurrogateSamples(SmallDataset.of(3, train, none, none, fixed), 50, 0, 42);
  }

  @Test
  void refusesSizesThatMeanNothing() {
    Dataset dataset = SmallDataset.of(10, TRAIN, NONE, NONE, null);
    assertThrows(ConfigException.class, () -> new SurrogateSamples(dataset, 0, 0, 1));
    assertThrows(ConfigException.class, () -> new SurrogateSamples(dataset, 5, -1, 1));
  }
}
