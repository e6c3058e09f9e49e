// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import static dev.coppice.Closeness.assertClose;

import dev.coppice.SurrogateFixture;
import dev.coppice.TestedBackend;
import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;
import dev.coppice.backend.Workspace;
import dev.coppice.data.PackedBatch;
import dev.coppice.data.Weighting;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Forward pass, losses and all gradients against PyTorch autograd in float64. */
class SasRecGoldenTest {

  /** A model with its gradient, for one batch. */
  private record Tensors(
      SasRecParameters weights,
      SasRecParameters gradient,
      SasRecInput input,
      SasRec model,
      SasRecGradient backward,
      Tensor sampleLoss) {
    static Tensors of(Backend backend, Allocator a, SasRecConfig config, PackedBatch batch) {
      int t = batch.positionCount();
      return new Tensors(
          new SasRecParameters(a, config),
          new SasRecParameters(a, config),
          SasRecInput.forTraining(a, config, batch.sampleCount(), t),
          new SasRec(backend, config, a, t),
          new SasRecGradient(backend, config, a, t),
          a.f32(batch.sampleCount()));
    }

    void differentiate(Backend backend) {
      WholeBatch.gradient(backend, model, backward, weights, input, DropoutSites.NONE, gradient);
    }
  }

  static Stream<Arguments> cases() {
    return SurrogateFixture.all().stream()
        .flatMap(
            fixture ->
                Stream.of(TestedBackend.values()).map(backend -> Arguments.of(backend, fixture)));
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("cases")
  void agreesWithGoldenNumbers(TestedBackend tested, SurrogateFixture fixture) {
    PackedBatch batch = fixture.batch(Weighting.BATCH_MEAN);
    try (Backend backend = tested.open();
        Workspace workspace =
            backend.workspace(
                Workspace.plan(backend, a -> Tensors.of(backend, a, fixture.config(), batch)))) {
      Tensors t = Tensors.of(backend, workspace, fixture.config(), batch);
      t.weights().load(backend, fixture.weights().tensors());
      t.input().load(batch);
      t.differentiate(backend);

      double bound = tested.tolerance();
      assertClose("hidden", fixture.doubles("output/hidden"), t.model().hidden().doubles(), bound);
      checkLosses(backend, fixture, t, batch, bound);
      for (String name : fixture.config().shapes().keySet()) {
        checkGradient(fixture, name, t.gradient(), bound);
      }
    }
  }

  private static void checkGradient(
      SurrogateFixture fixture, String name, SasRecParameters gradient, double bound) {
    double[] actual = gradient.tensor(name).doubles();
    if (name.endsWith("key.bias")) {
      // Exactly 0, as a softmax does not change with a constant: what is left is rounding, on both
      // sides, and is measured by the gradient of the weight beside it.
      double[] beside = gradient.tensor(name.replace(".bias", ".weight")).doubles();
      double largest = Arrays.stream(beside).map(Math::abs).max().orElseThrow();
      assertClose(
          "gradient of " + name,
          new double[] {largest},
          new double[] {largest + Arrays.stream(actual).map(Math::abs).sum()},
          bound);
    } else {
      assertClose("gradient of " + name, expected(fixture, name, actual.length), actual, bound);
    }
  }

  private static void checkLosses(
      Backend backend, SurrogateFixture fixture, Tensors t, PackedBatch batch, double bound) {
    double[] loss = t.model().positionLoss().doubles();
    double sum = 0;
    for (double value : loss) {
      sum += value;
    }
    assertClose(
        "batch loss",
        fixture.doubles("output/batch_loss"),
        new double[] {sum / batch.positionCount()},
        bound);
    t.input().load(fixture.batch(Weighting.SAMPLE_MEAN));
    backend.segmentSum(
        t.input().offsets(), t.model().positionLoss(), t.input().weights(), t.sampleLoss());
    assertClose(
        "sample loss", fixture.doubles("output/sample_loss"), t.sampleLoss().doubles(), bound);
  }

  /** The golden gradient; the item table's is stored by rows, the others are 0. */
  private static double[] expected(SurrogateFixture fixture, String name, int size) {
    double[] values = fixture.doubles("grad/" + name);
    if (!name.equals(SasRecConfig.ITEMS)) {
      return values;
    }
    int width = fixture.config().hidden();
    double[] table = new double[size];
    int[] rows = fixture.ints("grad/" + name + "/rows");
    for (int r = 0; r < rows.length; r++) {
      System.arraycopy(values, r * width, table, rows[r] * width, width);
    }
    return table;
  }
}
