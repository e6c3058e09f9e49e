// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Equal ids: scores of small integers are exact in float32, so that there are many true ties. */
class ItemTopKTest extends OpParityTest {
  static OpCase topK(int users, int width, int items, int k, int magnitude, double masked) {
    Inputs inputs = new Inputs(31L * users + 7L * width + items, false);
    Random random = new Random(items);
    int[] maskOffsets = new int[users + 1];
    int[] maskIds = new int[users * items];
    int count = 0;
    for (int u = 0; u < users; u++) {
      for (int item = 1; item < items; item++) {
        if (random.nextDouble() < masked) {
          maskIds[count++] = item;
        }
      }
      maskOffsets[u + 1] = count;
    }
    return new OpCase("itemTopK")
        .in("h", inputs.integers(users * width, magnitude), users, width)
        .in("table", inputs.integers(items * width, magnitude), items, width)
        .in("maskOffsets", maskOffsets, users + 1)
        .in("maskIds", Arrays.copyOf(maskIds, count), count)
        .outIds("ids", users, k)
        .rows("h", "ids")
        .free("table", "maskIds")
        .freeAxis("ids", 1)
        .derived("h", "table")
        .call(
            (backend, t) ->
                backend.itemTopK(
                    t.get("h"),
                    t.get("table"),
                    t.get("maskOffsets"),
                    t.get("maskIds"),
                    t.get("ids")));
  }

  @Override
  Stream<OpCase> cases() {
    int[][] shapes = {
      {0, 3, 5, 2},
      {1, 1, 1, 1},
      {1, 1, 2, 1},
      {2, 7, 31, 5},
      {7, 64, 65, 50},
      {33, 3, 257, 20},
      {64, 32, 255, 255},
      {5, 65, 997, 10},
      {65, 16, 1000, 50},
      {3, 2, 8, 10}
    };
    return Stream.of(shapes)
        .flatMap(
            s ->
                Stream.of(
                    topK(s[0], s[1], s[2], s[3], 1, 0),
                    topK(s[0], s[1], s[2], s[3], 1, 0.3),
                    topK(s[0], s[1], s[2], s[3], 40, 0.9)));
  }

  @Override
  Stream<OpCase> small() {
    return Stream.of(topK(3, 2, 6, 3, 3, 0.3));
  }

  /** One user at a time: maskOffsets are absolute, so the whole list stays and is cut by them. */
  @Override
  Stream<OpCase> separable() {
    return Stream.of(topK(1, 33, 77, 10, 1, 0.2));
  }

  @Test
  void usersDoNotInfluenceEachOther() {
    Inputs inputs = new Inputs(5, false);
    int users = 37;
    float[] h = inputs.gaussian(users * 31);
    float[] table = inputs.gaussian(500 * 31);
    for (Backends.Candidate candidate : Backends.all()) {
      try (Backend backend = candidate.open()) {
        int[] together = unmasked(backend, h, table, users);
        for (int u = 0; u < users; u++) {
          float[] one = Arrays.copyOfRange(h, u * 31, (u + 1) * 31);
          assertArrayEquals(
              Arrays.copyOfRange(together, u * 10, (u + 1) * 10),
              unmasked(backend, one, table, 1),
              candidate.label());
        }
      }
    }
  }

  @Test
  void ordersRealScoresWithinTheirRounding() {
    Inputs inputs = new Inputs(6, false);
    int users = 20;
    float[] h = inputs.gaussian(users * 31);
    float[] table = inputs.gaussian(500 * 31);
    for (Backends.Candidate candidate : Backends.all()) {
      try (Backend backend = candidate.open()) {
        int[] ids = unmasked(backend, h, table, users);
        for (int u = 0; u < users; u++) {
          assertDescending(Arrays.copyOfRange(ids, u * 10, (u + 1) * 10), h, table, u);
        }
      }
    }
  }

  /** Each of the ten is at least as good as the next, and the last as any other item. */
  private static void assertDescending(int[] best, float[] h, float[] table, int user) {
    double[] score = new double[500];
    for (int item = 0; item < 500; item++) {
      for (int d = 0; d < 31; d++) {
        score[item] += (double) table[item * 31 + d] * h[user * 31 + d];
      }
    }
    for (int i = 0; i < 9; i++) {
      assertTrue(score[best[i]] >= score[best[i + 1]] - 1e-4, "order of user " + user);
    }
    for (int item = 1; item < 500; item++) {
      int candidate = item;
      assertTrue(
          Arrays.stream(best).anyMatch(id -> id == candidate)
              || score[item] <= score[best[9]] + 1e-4,
          "item " + item + " of user " + user + " is missing");
    }
  }

  private static int[] unmasked(Backend backend, float[] h, float[] table, int users) {
    OpCase op = topK(users, 31, 500, 10, 1, 0).in("h", h, users, 31).in("table", table, 500, 31);
    return OpRun.outcome(backend, op).ids().get("ids");
  }
}
