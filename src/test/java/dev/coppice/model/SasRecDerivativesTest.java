// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import static dev.coppice.Closeness.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.SurrogateFixture;
import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.ReferenceBackend;
import dev.coppice.backend.Tensor;
import dev.coppice.backend.Workspace;
import dev.coppice.data.PackedBatch;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.data.Weighting;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Derivatives in the last block and in all parameters against central differences and against the
 * backward pass of the training, in float64.
 */
class SasRecDerivativesTest {
  private static final SurrogateFixture FIXTURE = SurrogateFixture.own();
  private static final SasRecConfig CONFIG = FIXTURE.config();
  private static final double STEP = 1e-5;

  /** What shifts all keys of a softmax alike changes nothing. */
  private static final String NO_EFFECT = "key.bias";

  /** The derivatives beside the passes that training makes, over the same weights. */
  private record Work(
      Backend backend,
      ParameterSpan span,
      SasRecDerivatives derivatives,
      SasRecParameters gradient,
      SasRecInput input,
      SasRec model,
      SasRecGradient backward) {
    static Work of(Backend backend, Allocator a, ParameterSpan span, int t) {
      return new Work(
          backend,
          span,
          new SasRecDerivatives(backend, span, a, t),
          new SasRecParameters(a, CONFIG),
          SasRecInput.forTraining(a, CONFIG, t, t),
          new SasRec(backend, CONFIG, a, t),
          new SasRecGradient(backend, CONFIG, a, t));
    }

    /** Gradient of the weighted loss as training forms it, (P). */
    double[] trained(PackedBatch batch) {
      input.load(batch);
      WholeBatch.gradient(
          backend, model, backward, derivatives.parameters(), input, DropoutSites.NONE, gradient);
      double[] sum = new double[span.size()];
      span.add(gradient, sum);
      return sum;
    }

    double[] summed() {
      double[] sum = new double[span.size()];
      derivatives.addGradient(sum);
      return sum;
    }

    double[] product(Curvature curvature, double[] v) {
      derivatives.aim(v);
      double[] sum = new double[span.size()];
      derivatives.addProduct(curvature, sum);
      return sum;
    }

    /** {@code (f(theta + step v) - f(theta - step v)) / (2 step)}; theta is put back. */
    double[] difference(double[] v, Supplier<double[]> value) {
      double[] at = new double[span.size()];
      span.add(derivatives.parameters(), at);
      double[][] values = new double[2][];
      for (int side = 0; side < 2; side++) {
        double[] moved = at.clone();
        for (int i = 0; i < moved.length; i++) {
          moved[i] += (side == 0 ? STEP : -STEP) * v[i];
        }
        span.write(moved, derivatives.parameters());
        values[side] = value.get();
      }
      span.write(at, derivatives.parameters());
      for (int i = 0; i < values[0].length; i++) {
        values[0][i] = (values[0][i] - values[1][i]) / (2 * STEP);
      }
      return values[0];
    }

    /** Logits of the positive, then of the negative item of each position, (2T). */
    double[] logits(PackedBatch batch) {
      input.load(batch);
      model.forward(derivatives.parameters(), input);
      double[] hidden = model.hidden().doubles();
      double[] table = derivatives.parameters().items().doubles();
      int t = batch.positionCount();
      double[] logits = new double[2 * t];
      for (int i = 0; i < 2 * t; i++) {
        int item = i < t ? batch.positives()[i] : batch.negatives()[i - t];
        for (int d = 0; d < CONFIG.hidden(); d++) {
          logits[i] += table[item * CONFIG.hidden() + d] * hidden[i % t * CONFIG.hidden() + d];
        }
      }
      return logits;
    }
  }

  private static ParameterSpan span(boolean all) {
    return all ? ParameterSpan.all(CONFIG) : ParameterSpan.lastBlock(CONFIG);
  }

  private static void with(boolean all, Consumer<Work> test) {
    int t = FIXTURE.batch(Weighting.SAMPLE_MEAN).positionCount();
    ParameterSpan span = span(all);
    try (Backend backend = new ReferenceBackend();
        Workspace workspace =
            backend.workspace(Workspace.plan(backend, a -> Work.of(backend, a, span, t)))) {
      Work work = Work.of(backend, workspace, span, t);
      work.derivatives().load(FIXTURE.weights());
      work.gradient().clear(backend);
      test.accept(work);
    }
  }

  /** Random numbers on the elements of each tensor in turn, 0 elsewhere. */
  private static Map<String, double[]> directions(ParameterSpan span) {
    Map<String, double[]> directions = new LinkedHashMap<>();
    String[] names = span.places().keySet().toArray(String[]::new);
    for (int i = 0; i < names.length; i++) {
      int from = span.places().get(names[i]);
      int to = i + 1 < names.length ? span.places().get(names[i + 1]) : span.size();
      double[] v = new double[span.size()];
      Random random = new Random(names[i].hashCode());
      for (int k = from; k < to; k++) {
        v[k] = random.nextGaussian();
      }
      directions.put(names[i], v);
    }
    return directions;
  }

  private static double dot(double[] x, double[] y) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += x[i] * y[i];
    }
    return sum;
  }

  @Test
  void aSpanHoldsItsTensorsAndNoPadding() {
    int d = CONFIG.hidden();
    int block = 6 * (d * d + d) + 4 * d;
    assertEquals(block, span(false).size());
    assertEquals(16, span(false).places().size());
    assertEquals(
        (CONFIG.items() + CONFIG.maxLen() + 2) * d + CONFIG.layers() * block, span(true).size());
    assertEquals(CONFIG.shapes().keySet(), span(true).places().keySet());
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void gradientIsThatOfTheTraining(boolean all) {
    PackedBatch batch = FIXTURE.batch(Weighting.SAMPLE_MEAN);
    with(
        all,
        work -> {
          work.derivatives().evaluate(batch);
          assertClose("gradient", work.trained(batch), work.summed(), 1e-13);
        });
  }

  /** A product is compared in every tensor, for a direction in every tensor. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void hessianProductIsTheSlopeOfTheGradient(boolean all) {
    PackedBatch batch = FIXTURE.batch(Weighting.SAMPLE_MEAN);
    with(
        all,
        work ->
            directions(work.span())
                .forEach(
                    (name, v) -> {
                      double[] slope = work.difference(v, () -> work.trained(batch));
                      work.derivatives().evaluate(batch);
                      double[] product = work.product(Curvature.HESSIAN, v);
                      if (name.endsWith(NO_EFFECT)) {
                        assertArrayEquals(new double[v.length], product, 1e-12, name);
                      } else {
                        assertClose(name, slope, product, 1e-6);
                        checkTensors(work.span(), name, slope, product);
                      }
                    }));
  }

  private static void checkTensors(
      ParameterSpan span, String direction, double[] expected, double[] actual) {
    double largest = Arrays.stream(expected).map(Math::abs).max().orElse(0);
    Integer[] bounds = span.places().values().toArray(Integer[]::new);
    String[] names = span.places().keySet().toArray(String[]::new);
    for (int i = 0; i < names.length; i++) {
      int to = i + 1 < names.length ? bounds[i + 1] : span.size();
      double[] want = Arrays.copyOfRange(expected, bounds[i], to);
      if (Arrays.stream(want).map(Math::abs).max().orElse(0) > 1e-4 * largest) {
        double[] have = Arrays.copyOfRange(actual, bounds[i], to);
        assertClose(names[i] + " along " + direction, want, have, 1e-5);
      }
    }
  }

  /** {@code u.G v = sum w s(l) s(-l) (l'u) (l'v)} over both logits l of each position. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void gaussNewtonIsTheCurvatureOfTheLogits(boolean all) {
    PackedBatch batch = FIXTURE.batch(Weighting.SAMPLE_MEAN);
    with(
        all,
        work -> {
          double[] logits = work.logits(batch);
          Map<String, double[]> directions = directions(work.span());
          Map<String, double[]> slopes = new LinkedHashMap<>();
          directions.forEach(
              (name, v) -> slopes.put(name, work.difference(v, () -> work.logits(batch))));
          work.derivatives().evaluate(batch);
          directions.forEach(
              (name, v) -> {
                double[] product = work.product(Curvature.GAUSS_NEWTON, v);
                double[] expected = new double[directions.size()];
                double[] actual = new double[directions.size()];
                int i = 0;
                for (String other : directions.keySet()) {
                  expected[i] = form(batch, logits, slopes.get(other), slopes.get(name));
                  actual[i++] = dot(directions.get(other), product);
                }
                if (name.endsWith(NO_EFFECT)) {
                  assertArrayEquals(new double[expected.length], actual, 1e-12, name);
                } else {
                  assertClose(name, expected, actual, 1e-6);
                }
              });
        });
  }

  private static double form(PackedBatch batch, double[] logits, double[] left, double[] right) {
    double sum = 0;
    for (int i = 0; i < logits.length; i++) {
      double sigmoid = 1 / (1 + Math.exp(-logits[i]));
      double weight = batch.weights()[i % batch.positionCount()];
      sum += weight * sigmoid * (1 - sigmoid) * left[i] * right[i];
    }
    return sum;
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void productsAreSymmetricAndGaussNewtonIsSemiDefinite(boolean all) {
    PackedBatch batch = FIXTURE.batch(Weighting.SAMPLE_MEAN);
    with(
        all,
        work -> {
          work.derivatives().evaluate(batch);
          Random random = new Random(3);
          double[] u = random.doubles(work.span().size(), -1, 1).toArray();
          double[] v = random.doubles(work.span().size(), -1, 1).toArray();
          for (Curvature curvature : Curvature.values()) {
            double left = dot(u, work.product(curvature, v));
            double right = dot(v, work.product(curvature, u));
            assertEquals(left, right, 1e-12 * Math.abs(dot(u, work.product(curvature, u))));
            assertTrue(Math.abs(left) > 1e-4, "a product of 0 is symmetric, too");
          }
          assertTrue(dot(v, work.product(Curvature.GAUSS_NEWTON, v)) > 0);
        });
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void samplesHaveTheSlopesAndNormsOfTheirGradients(boolean all) {
    SurrogateSamples samples = FIXTURE.samples();
    int[] ids = samples.scorable();
    with(
        all,
        work -> {
          double[] v = new Random(4).doubles(work.span().size(), -1, 1).toArray();
          double[] slopes = new double[ids.length];
          double[] squares = new double[ids.length];
          for (int s = 0; s < ids.length; s++) {
            PackedBatch one = samples.batch(new int[] {ids[s]}, 0, Weighting.SAMPLE_MEAN);
            double[] gradient = work.trained(one);
            slopes[s] = dot(gradient, v);
            squares[s] = dot(gradient, gradient);
          }
          work.derivatives().evaluate(samples.batch(ids, 0, Weighting.SAMPLE_MEAN));
          work.derivatives().aim(v);
          SasRecDerivatives.SampleGradients gradients = work.derivatives().samples();
          assertClose("loss", FIXTURE.doubles("output/sample_loss"), gradients.loss(), 1e-9);
          assertClose("squared norm", squares, gradients.sqNorm(), 1e-12);
          assertClose("slope", slopes, work.derivatives().slopes(), 1e-12);
        });
  }

  @Test
  void theLastBlockMayBeEvaluatedAlone() {
    PackedBatch batch = FIXTURE.batch(Weighting.SAMPLE_MEAN);
    double[] v = new Random(5).doubles(span(false).size(), -1, 1).toArray();
    with(
        false,
        work -> {
          work.derivatives().evaluate(batch);
          double[] expected = work.product(Curvature.HESSIAN, v);
          try (Workspace room =
              work.backend().workspace(8L * batch.positionCount() * CONFIG.hidden() + 64)) {
            Tensor x = room.f32(batch.positionCount(), CONFIG.hidden());
            x.copyFrom(work.derivatives().lastInput());
            work.derivatives()
                .evaluate(FIXTURE.samples().batch(new int[] {0}, 0, Weighting.SAMPLE_MEAN));
            work.derivatives().evaluate(batch, x);
            assertClose("H v", expected, work.product(Curvature.HESSIAN, v), 0);
          }
        });
  }
}
