// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.SurrogateFixture;
import dev.coppice.TestedBackend;
import dev.coppice.backend.Backend;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.model.Curvature;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Evaluations from the cache have the bits of evaluations without one. */
class TailBatchesTest {
  private static final SurrogateFixture FIXTURE = SurrogateFixture.own();
  private static final SurrogateSamples SAMPLES = FIXTURE.samples();

  /** Everything that a scoring pass reads. */
  private static double[][] read(TailBatches.Evaluated batch) {
    return new double[][] {
      Arrays.stream(batch.offsets().ints()).asDoubleStream().toArray(),
      batch.loss().doubles(),
      batch.delta().doubles(),
      batch.state().x().doubles(),
      batch.state().weights().doubles(),
      batch.state().hidden().doubles(),
      batch.state().dmiddle().doubles()
    };
  }

  private static void with(TestedBackend tested, long cacheBytes, Consumer<TailBatches> test) {
    try (Backend backend = tested.open()) {
      TailFixture.with(
          backend,
          FIXTURE.weights(),
          SAMPLES,
          Curvature.HESSIAN,
          cacheBytes,
          tail -> test.accept(tail.batches()));
    }
  }

  /** Runs of the scorable samples within a block and across two, and samples that are no run. */
  private static List<int[]> portions(TailBatches batches) {
    int[] all = SAMPLES.scorable();
    List<int[]> portions = new ArrayList<>();
    for (int from = 0; from < all.length; from++) {
      int positions = SAMPLES.transitions(all[from]);
      for (int to = from + 1; positions <= batches.capacity(); to++) {
        portions.add(Arrays.copyOfRange(all, from, to));
        if (to == all.length) {
          break;
        }
        positions += SAMPLES.transitions(all[to]);
      }
    }
    assertTrue(portions.stream().anyMatch(portion -> portion.length > 2));
    portions.add(new int[] {all[0], all[2]});
    portions.add(new int[] {all[1], all[0]});
    portions.add(new int[] {all[all.length - 1], all[0]});
    return portions;
  }

  private static void assertSameAs(List<double[][]> expected, TailBatches batches, String when) {
    List<int[]> portions = portions(batches);
    for (int i = 0; i < portions.size(); i++) {
      double[][] seen = read(batches.evaluate(portions.get(i)));
      for (int k = 0; k < seen.length; k++) {
        String what = when + ", samples " + Arrays.toString(portions.get(i)) + ", part " + k;
        assertArrayEquals(expected.get(i)[k], seen[k], what);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"REFERENCE", "CPU"})
  void theCacheGivesTheSameBitsHoweverFullItIs(TestedBackend tested) {
    List<double[][]> expected = new ArrayList<>();
    with(
        tested,
        0,
        batches -> portions(batches).forEach(ids -> expected.add(read(batches.evaluate(ids)))));
    with(
        tested,
        TailFixture.CACHE,
        batches -> {
          assertTrue(batches.count() > 2, "several blocks");
          assertSameAs(expected, batches, "empty");
          batches.evaluated(1);
          assertSameAs(expected, batches, "block 1 alone");
          for (int m = 0; m < batches.count(); m++) {
            batches.evaluated(m);
          }
          assertSameAs(expected, batches, "full");
        });
  }

  @ParameterizedTest
  @EnumSource(names = {"REFERENCE", "CPU"})
  void statesOfBlocksAndSamplesAreThoseOfTheirPositions(TestedBackend tested) {
    for (long cacheBytes : new long[] {0, TailFixture.CACHE}) {
      with(
          tested,
          cacheBytes,
          batches -> {
            int number = 0;
            for (int m = 0; m < batches.count(); m++) {
              double[] block = batches.state(m).hidden().doubles();
              int at = 0;
              while (at < block.length) {
                double[] sample = batches.sample(number++).hidden().doubles();
                assertArrayEquals(Arrays.copyOfRange(block, at, at + sample.length), sample);
                at += sample.length;
              }
            }
            assertEquals(batches.samples(), number);
          });
    }
  }
}
