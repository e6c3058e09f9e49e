// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import static dev.coppice.Closeness.assertClose;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.coppice.SurrogateFixture;
import dev.coppice.TestedBackend;
import dev.coppice.backend.Backend;
import dev.coppice.data.PackedBatch;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.data.Weighting;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SurrogateLossTest {
  private static final SurrogateFixture FIXTURE = SurrogateFixture.own();

  @ParameterizedTest
  @EnumSource
  void isTheLossOfPyTorch(TestedBackend tested) {
    PackedBatch batch = FIXTURE.batch(Weighting.BATCH_MEAN); // sums to the loss, not to B times it
    try (Backend backend = tested.open();
        SurrogateLoss loss = new SurrogateLoss(backend, FIXTURE.config(), List.of(batch))) {
      double[] actual = {loss.mean(FIXTURE.weights()) * batch.sampleCount()};
      assertClose("loss", FIXTURE.doubles("output/batch_loss"), actual, tested.tolerance());
    }
  }

  @ParameterizedTest
  @EnumSource
  void doesNotDependOnTheBatches(TestedBackend tested) {
    SurrogateSamples samples = FIXTURE.samples();
    List<PackedBatch> single = new ArrayList<>();
    for (int sample : samples.scorable()) {
      single.add(samples.batch(new int[] {sample}, 0, Weighting.SAMPLE_MEAN));
    }
    PackedBatch whole = FIXTURE.batch(Weighting.SAMPLE_MEAN);
    try (Backend backend = tested.open();
        SurrogateLoss one = new SurrogateLoss(backend, FIXTURE.config(), List.of(whole));
        SurrogateLoss many = new SurrogateLoss(backend, FIXTURE.config(), single)) {
      assertEquals(one.mean(FIXTURE.weights()), many.mean(FIXTURE.weights()));
    }
  }

  @ParameterizedTest
  @EnumSource
  void refusesNoSamplesAndOtherShapes(TestedBackend tested) {
    SasRecConfig other = new SasRecConfig(9, 8, 1, 2, 6, 0f);
    PackedBatch batch = FIXTURE.batch(Weighting.SAMPLE_MEAN);
    try (Backend backend = tested.open();
        SurrogateLoss loss = new SurrogateLoss(backend, FIXTURE.config(), List.of(batch))) {
      assertThrows(
          IllegalArgumentException.class,
          () -> new SurrogateLoss(backend, FIXTURE.config(), List.of()));
      assertThrows(
          IllegalArgumentException.class, () -> loss.mean(SurrogateWeights.initial(other, 1)));
    }
  }
}
