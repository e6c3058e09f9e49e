// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

class TitleSearchTest {
  @Test
  void exactEstimatesNeedAtMostTwoTries() {
    int[] lengths = new int[301];
    for (int k = 0; k < lengths.length; k++) {
      lengths[k] = 60 + 11 * k;
    }
    for (int cutoff = 2; cutoff < 3500; cutoff += 3) {
      int tries = search(lengths, lengths, cutoff);
      assertTrue(tries <= 2, tries + " tries at cutoff " + cutoff);
    }
    assertEquals(1, search(lengths, lengths, 60 + 11 * 300), "all fit");
    assertEquals(1, search(lengths, lengths, 50), "not even one fits");
  }

  @Test
  void estimatesThatAreATenthTooHighNeedAtMostFourTries() {
    int[] lengths = new int[301];
    int[] estimates = new int[301];
    for (int k = 0; k < lengths.length; k++) {
      lengths[k] = 60 + 11 * k;
      estimates[k] = 63 + 12 * k;
    }
    for (int cutoff = 2; cutoff < 600; cutoff++) {
      int tries = search(estimates, lengths, cutoff);
      assertTrue(tries <= 4, tries + " tries at cutoff " + cutoff);
    }
  }

  @Test
  void uselessEstimatesCostNoMoreThanHalving() {
    Random random = new Random(4);
    int worst = 0;
    for (int round = 0; round < 2000; round++) {
      int[] lengths = new int[2 + random.nextInt(400)];
      int[] estimates = new int[lengths.length];
      lengths[0] = random.nextInt(100);
      estimates[0] = round % 2 == 0 ? 100_000 : 0;
      for (int k = 1; k < lengths.length; k++) {
        lengths[k] = lengths[k - 1] + 1 + random.nextInt(40);
        estimates[k] = estimates[k - 1] + 1 + random.nextInt(10);
      }
      int count = search(estimates, lengths, random.nextInt(lengths[lengths.length - 1] + 50));
      worst = Math.max(worst, count);
    }
    assertTrue(worst <= 4 + 9, "worst " + worst);
  }

  private static int search(int[] estimates, int[] lengths, int cutoff) {
    TitleSearch search = new TitleSearch(estimates, cutoff);
    int tries = 0;
    int best = 0;
    while (!search.found()) {
      int k = search.next();
      tries++;
      boolean fits = lengths[k] <= cutoff;
      search.learn(lengths[k], fits);
      best = fits ? k : best;
    }
    int expected = lengths.length - 1;
    while (expected > 0 && lengths[expected] > cutoff) {
      expected--;
    }
    assertEquals(expected, best);
    return tries;
  }
}
