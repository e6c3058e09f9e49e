// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import static dev.coppice.Closeness.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.SurrogateFixture;
import dev.coppice.TestedBackend;
import dev.coppice.backend.Backend;
import dev.coppice.backend.ReferenceBackend;
import dev.coppice.backend.Tensor;
import dev.coppice.data.PackedBatch;
import dev.coppice.data.Weighting;
import dev.coppice.model.Curvature;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.DoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LastDenseHessianTest {
  private static final SurrogateFixture FIXTURE = SurrogateFixture.own();
  private static final double STEP = 1e-5;

  private static void with(
      TestedBackend tested, Curvature curvature, long cache, Consumer<TailFixture> test) {
    try (Backend backend = tested.open()) {
      TailFixture.with(backend, FIXTURE.weights(), FIXTURE.samples(), curvature, cache, test);
    }
  }

  private static void onReference(Curvature curvature, Consumer<TailFixture> test) {
    try (Backend backend = new ReferenceBackend()) {
      TailFixture.with(
          backend, FIXTURE.weights(), FIXTURE.samples(), curvature, TailFixture.CACHE, test);
    }
  }

  private static double[] direction(long seed) {
    int size = FIXTURE.config().hidden() * FIXTURE.config().hidden();
    Random random = new Random(seed);
    return random.doubles(size, -1, 1).toArray();
  }

  private static double dot(double[] x, double[] y) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += x[i] * y[i];
    }
    return sum;
  }

  /** {@code (f(W + step v) - f(W - step v)) / (2 step)}; W is put back. */
  private static double[] difference(
      TailFixture tail, double[] v, DoubleFunction<double[]> valueAtStep) {
    Tensor parameters = tail.batches().tail().parameters();
    double[] saved = parameters.doubles();
    double[][] values = new double[2][];
    for (int side = 0; side < 2; side++) {
      double step = side == 0 ? STEP : -STEP;
      double[] moved = saved.clone();
      for (int i = 0; i < moved.length; i++) {
        moved[i] += step * v[i];
      }
      parameters.write(moved);
      values[side] = valueAtStep.apply(step);
    }
    parameters.write(saved);
    for (int i = 0; i < values[0].length; i++) {
      values[0][i] = (values[0][i] - values[1][i]) / (2 * STEP);
    }
    return values[0];
  }

  @Test
  void productIsTheSlopeOfTheGradient() {
    onReference(
        Curvature.HESSIAN,
        tail -> {
          double[] v = direction(1);
          double[] expected = difference(tail, v, step -> tail.hessian().meanGradient());
          tail.hessian().meanGradient(); // back at W: the cached states follow
          assertClose("H v", expected, tail.hessian().product(v), 1e-7);
        });
  }

  /** {@code v.G v = (1/N) sum_t w_t (s(p) s(-p) pDot^2 + s(n) s(-n) nDot^2)}, s the sigmoid. */
  @Test
  void gaussNewtonIsTheCurvatureOfTheLogits() {
    PackedBatch batch = FIXTURE.batch(Weighting.SAMPLE_MEAN);
    onReference(
        Curvature.GAUSS_NEWTON,
        tail -> {
          double[] logits = logits(tail, batch);
          for (int seed = 0; seed < 5; seed++) {
            double[] v = direction(seed);
            double[] slopes = difference(tail, v, step -> logits(tail, batch));
            double expected = 0;
            for (int t = 0; t < logits.length; t++) {
              double sigmoid = 1 / (1 + Math.exp(-logits[t]));
              double weight = batch.weights()[t / 2];
              expected += weight * sigmoid * (1 - sigmoid) * slopes[t] * slopes[t];
            }
            expected /= batch.sampleCount();
            tail.hessian().meanGradient();
            double actual = dot(v, tail.hessian().product(v));
            assertEquals(expected, actual, 1e-7 * expected, "seed " + seed);
          }
        });
  }

  /** Logits of the positive and the negative item of each position, one after the other. */
  private static double[] logits(TailFixture tail, PackedBatch batch) {
    float[] table = FIXTURE.weights().tensors().get("item_embeddings.weight");
    int d = FIXTURE.config().hidden();
    double[] logits = new double[2 * batch.positionCount()];
    int t = 0;
    for (int m = 0; m < tail.batches().count(); m++) {
      double[] hidden = tail.batches().evaluated(m).state().hidden().doubles();
      for (int at = 0; at < hidden.length; at += d, t++) {
        for (int i = 0; i < d; i++) {
          logits[2 * t] += table[batch.positives()[t] * d + i] * hidden[at + i];
          logits[2 * t + 1] += table[batch.negatives()[t] * d + i] * hidden[at + i];
        }
      }
    }
    return logits;
  }

  @ParameterizedTest
  @EnumSource
  void productsAreSymmetric(Curvature curvature) {
    onReference(
        curvature,
        tail -> {
          double[] u = direction(5);
          double[] v = direction(6);
          double left = dot(u, tail.hessian().product(v));
          assertEquals(left, dot(v, tail.hessian().product(u)), 1e-14);
          assertTrue(Math.abs(left) > 1e-4, "a product of 0 is symmetric, too");
        });
  }

  @Test
  void gaussNewtonIsPositiveSemiDefiniteAndTheHessianIsNot() {
    int n = direction(0).length;
    for (Curvature curvature : Curvature.values()) {
      onReference(
          curvature,
          tail -> {
            double[] dense = tail.hessian().dense();
            for (int i = 0; i < n; i++) {
              dense[i * n + i] += 1e-9;
            }
            boolean definite = tail.backend().symmetricSolve(n, dense, new double[n]);
            assertEquals(curvature == Curvature.GAUSS_NEWTON, definite);
          });
    }
  }

  @ParameterizedTest
  @EnumSource
  void denseMatrixGivesTheSameProducts(Curvature curvature) {
    onReference(
        curvature,
        tail -> {
          double[] v = direction(7);
          double[] dense = tail.hessian().dense();
          double[] expected = new double[v.length];
          for (int i = 0; i < v.length; i++) {
            expected[i] = dot(Arrays.copyOfRange(dense, i * v.length, (i + 1) * v.length), v);
          }
          assertClose("H v", expected, tail.hessian().product(v), 1e-12);
        });
  }

  @Test
  void productsOfSamplesAverageToTheWhole() {
    onReference(
        Curvature.HESSIAN,
        tail -> {
          double[] v = direction(8);
          int[] all = new int[tail.batches().samples()];
          Arrays.setAll(all, i -> i);
          double[] mean = tail.hessian().ofSamples().product(all, v);
          assertClose("H v", tail.hessian().product(v), mean, 1e-13);
          double[] twice = tail.hessian().ofSamples().product(new int[] {3, 3}, v);
          assertArrayEquals(tail.hessian().ofSamples().product(new int[] {3}, v), twice, 1e-15);
        });
  }

  @ParameterizedTest
  @EnumSource(names = {"REFERENCE", "CPU"})
  void cachingChangesNoBit(TestedBackend tested) {
    double[] v = direction(9);
    double[][] products = new double[2][];
    double[][] samples = new double[2][];
    for (int cached = 0; cached < 2; cached++) {
      int at = cached;
      with(
          tested,
          Curvature.HESSIAN,
          cached == 0 ? 0 : TailFixture.CACHE,
          tail -> {
            assertTrue(tail.batches().count() > 2, "several macro-batches");
            samples[at] = tail.hessian().ofSamples().product(new int[] {11, 0, 5}, v);
            products[at] = tail.hessian().product(v);
          });
    }
    assertArrayEquals(products[0], products[1]);
    assertArrayEquals(samples[0], samples[1]);
  }
}
