// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import static dev.coppice.Closeness.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.SurrogateFixture;
import dev.coppice.TestedBackend;
import dev.coppice.backend.Backend;
import dev.coppice.model.Curvature;
import dev.coppice.solve.BatchHessian;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** LiSSA's recursion on the device: what it computes, and what its bits do not depend on. */
class LastDenseSamplesTest {
  private static final SurrogateFixture FIXTURE = SurrogateFixture.own();
  private static final int STEPS = 12;
  private static final int SIZE = FIXTURE.config().hidden() * FIXTURE.config().hidden();
  private static final double DAMP = 1.0 / 128; // exact in float32, as is the rate
  private static final double SCALE = 2;

  private static void with(
      TestedBackend tested, Curvature curvature, long cacheBytes, Consumer<TailFixture> test) {
    try (Backend backend = tested.open()) {
      TailFixture.with(backend, FIXTURE.weights(), FIXTURE.samples(), curvature, cacheBytes, test);
    }
  }

  /** Mini-batches of two samples that one evaluation takes. */
  private static int[][] steps() {
    int[] scorable = FIXTURE.samples().scorable();
    int[] brief =
        IntStream.range(0, scorable.length)
            .filter(s -> 2 * FIXTURE.samples().transitions(scorable[s]) <= TailFixture.POSITIONS)
            .toArray();
    assertTrue(brief.length > 3, "several short samples");
    Random random = new Random(5);
    int[][] steps = new int[STEPS][2];
    for (int[] step : steps) {
      Arrays.setAll(step, j -> brief[random.nextInt(brief.length)]);
    }
    return steps;
  }

  private static double[] direction(long seed) {
    return new Random(seed).doubles(SIZE, -0.1, 0.1).map(x -> (float) x).toArray();
  }

  /** h after all steps and then the norms, in calls of so many steps. */
  private static double[] recursion(BatchHessian samples, int[][] steps, int each) {
    double[] h = direction(2);
    double[] result = Arrays.copyOf(h, SIZE + steps.length);
    for (int from = 0; from < steps.length; from += each) {
      int[][] part = Arrays.copyOfRange(steps, from, Math.min(steps.length, from + each));
      double[] norms = samples.recur(part, direction(1), DAMP, SCALE, h);
      System.arraycopy(norms, 0, result, SIZE + from, norms.length);
    }
    System.arraycopy(h, 0, result, 0, SIZE);
    return result;
  }

  @ParameterizedTest
  @EnumSource
  void isTheRecursionOverProducts(TestedBackend tested) {
    for (Curvature curvature : Curvature.values()) {
      with(
          tested,
          curvature,
          TailFixture.CACHE,
          tail -> {
            BatchHessian samples = tail.hessian().ofSamples();
            BatchHessian products =
                new BatchHessian() {
                  @Override
                  public int samples() {
                    return samples.samples();
                  }

                  @Override
                  public double[] product(int[] batch, double[] v) {
                    return samples.product(batch, v);
                  }
                };
            double[] expected = recursion(products, steps(), STEPS);
            double[] actual = recursion(samples, steps(), STEPS);
            assertClose("h", head(expected), head(actual), tested.tolerance());
            assertClose("norms", tail(expected), tail(actual), tested.tolerance());
            assertTrue(!Arrays.equals(head(actual), direction(2)));
          });
    }
  }

  private static double[] head(double[] result) {
    return Arrays.copyOf(result, SIZE);
  }

  private static double[] tail(double[] result) {
    return Arrays.copyOfRange(result, SIZE, result.length);
  }

  @ParameterizedTest
  @EnumSource
  void noBitDependsOnTheCutOrOnWhatIsKept(TestedBackend tested) {
    double[][] first = new double[1][];
    for (long cacheBytes : new long[] {TailFixture.CACHE, 0}) {
      with(
          tested,
          Curvature.HESSIAN,
          cacheBytes,
          tail -> {
            for (int each : new int[] {STEPS, 5, 1}) {
              double[] result = recursion(tail.hessian().ofSamples(), steps(), each);
              first[0] = first[0] == null ? result : first[0];
              assertArrayEquals(first[0], result, cacheBytes + " bytes, steps by " + each);
            }
          });
    }
  }

  @ParameterizedTest
  @EnumSource
  void aMiniBatchThatDoesNotFitIsRefused(TestedBackend tested) {
    int[][] steps = {IntStream.range(0, FIXTURE.samples().scorable().length).toArray()};
    with(
        tested,
        Curvature.HESSIAN,
        0,
        tail -> {
          BatchHessian samples = tail.hessian().ofSamples();
          String message =
              assertThrows(IllegalArgumentException.class, () -> recursion(samples, steps, STEPS))
                  .getMessage();
          assertTrue(
              message.contains("one evaluation takes " + tail.batches().capacity()), message);
        });
    with(
        tested,
        Curvature.HESSIAN,
        TailFixture.CACHE,
        tail -> assertEquals(SIZE + 1, recursion(tail.hessian().ofSamples(), steps, STEPS).length));
  }
}
