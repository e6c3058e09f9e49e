// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import static dev.coppice.Closeness.assertClose;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.coppice.SurrogateFixture;
import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Dropout;
import dev.coppice.backend.ReferenceBackend;
import dev.coppice.backend.Workspace;
import dev.coppice.data.PackedBatch;
import dev.coppice.data.Weighting;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The whole model's gradient against central differences of its loss, with and without dropout. */
class SasRecGradientTest {
  private static final double STEP = 1e-6;

  private record Tensors(
      Backend backend,
      SasRecParameters weights,
      SasRecParameters gradient,
      SasRecInput input,
      SasRec model,
      SasRecGradient backward) {
    static Tensors of(Backend backend, Allocator a, SasRecConfig config, PackedBatch batch) {
      int t = batch.positionCount();
      return new Tensors(
          backend,
          new SasRecParameters(a, config),
          new SasRecParameters(a, config),
          SasRecInput.forTraining(a, config, batch.sampleCount(), t),
          new SasRec(backend, config, a, t),
          new SasRecGradient(backend, config, a, t));
    }

    /** Weighted loss at {@code weights + step * direction}. */
    double loss(DropoutSites dropout, double[] at, double[] direction, double step) {
      double[] moved = at.clone();
      for (int i = 0; i < moved.length; i++) {
        moved[i] += step * direction[i];
      }
      weights.all().write(moved);
      return loss(dropout);
    }

    double loss(DropoutSites dropout) {
      WholeBatch.gradient(backend, model, backward, weights, input, dropout, gradient);
      double[] loss = model.positionLoss().doubles();
      double[] weight = input.weights().doubles();
      double sum = 0;
      for (int t = 0; t < loss.length; t++) {
        sum += weight[t] * loss[t];
      }
      return sum;
    }
  }

  @ParameterizedTest
  @ValueSource(floats = {0f, 0.3f})
  void agreesWithCentralDifferences(float rate) {
    SurrogateFixture fixture = SurrogateFixture.own();
    PackedBatch batch = fixture.batch(Weighting.SAMPLE_MEAN);
    DropoutSites dropout = rate == 0 ? DropoutSites.NONE : new DropoutSites(rate, 11, 3);
    try (Backend backend = new ReferenceBackend();
        Workspace workspace =
            backend.workspace(
                Workspace.plan(backend, a -> Tensors.of(backend, a, fixture.config(), batch)))) {
      Tensors t = Tensors.of(backend, workspace, fixture.config(), batch);
      t.weights().load(backend, fixture.weights().tensors());
      t.gradient().clear(backend);
      t.input().load(batch);
      t.loss(dropout);
      double[] weights = t.weights().all().doubles();
      double[] gradient = t.gradient().all().doubles();
      for (String name : fixture.config().shapes().keySet()) {
        checkDirection(t, dropout, weights, gradient, name);
      }
    }
  }

  /** Compares the slope along a random direction of one tensor. */
  private static void checkDirection(
      Tensors t, DropoutSites dropout, double[] weights, double[] gradient, String name) {
    double[] direction = directionOf(t, name);
    double slope = 0;
    for (int i = 0; i < weights.length; i++) {
      slope += gradient[i] * direction[i];
    }
    double up = t.loss(dropout, weights, direction, STEP);
    double down = t.loss(dropout, weights, direction, -STEP);
    // 1 is of the size of the loss: its rounding limits what differences can see.
    assertClose(name, new double[] {1, (up - down) / (2 * STEP)}, new double[] {1, slope}, 1e-8);
  }

  /** Random numbers on the elements of one tensor, 0 elsewhere. */
  private static double[] directionOf(Tensors t, String name) {
    double[] values = new double[Math.toIntExact(t.weights().tensor(name).size())];
    Random random = new Random(name.hashCode());
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextGaussian();
    }
    double[] saved = t.weights().all().doubles();
    t.weights().all().write(new double[saved.length]);
    t.weights().tensor(name).write(values);
    double[] direction = t.weights().all().doubles();
    t.weights().all().write(saved);
    return direction;
  }

  @Test
  void dropoutSitesAreThoseOfTheDocumentation() {
    DropoutSites sites = new DropoutSites(0.5f, 42, 9);
    assertEquals(new Dropout(0.5f, 42, 9, 0), sites.embedding());
    assertEquals(4, sites.probabilities(1).site());
    assertEquals(5, sites.attention(1).site());
    assertEquals(6, sites.feedForward(1).site());
    assertEquals(Dropout.NONE, DropoutSites.NONE.attention(1));
  }
}
