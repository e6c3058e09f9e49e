// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.data.TokenSample;
import java.util.Arrays;
import java.util.List;

/**
 * How fast this machine is at an effort pass now, in multiply-adds a second: measured on a layer's
 * forward pass and on the last layer with the head.
 */
record EffortCalibration(double layers, double last) {
  /** Taken for the number of samples to measure with, not for the forecast. */
  private static final double NOMINAL = 3e10;

  /** What is to be done: tokens and scored targets of each sample. */
  record Work(int[] lengths, int[] targets) {}

  /** How long to measure: less where everything takes no time, at a nominal speed. */
  static double seconds(EffortPlan plan, Work work, double most) {
    double total = EffortCost.ofPrefix(plan).total();
    for (int i = 0; i < work.lengths.length; i++) {
      total += EffortCost.ofSample(plan, work.lengths[i], work.targets[i]).total();
    }
    return Math.min(most, total / NOMINAL / 10);
  }

  /** How many samples of a length to measure with: as many as the time allows at that speed. */
  static int samples(EffortPlan plan, EffortSizes sizes, int length, double seconds) {
    int own = Math.max(1, length - sizes.shared());
    double one =
        EffortCost.ofLayer(plan, own, length) + EffortCost.ofSample(plan, length, length).last();
    int fit = Math.max(1, Math.min(sizes.samples(), sizes.positions() / plan.config().cutoff()));
    return (int) Math.max(1, Math.min(fit, seconds * NOMINAL / one));
  }

  static EffortCalibration measure(
      EffortPlan plan, EffortPass pass, List<TokenSample> examples, double seconds) {
    if (examples.isEmpty()) {
      return new EffortCalibration(NOMINAL, NOMINAL);
    }
    int shared = plan.config().prefix().length();
    double layer = EffortCost.ofLayer(plan, shared, shared);
    EffortCost all = EffortCost.ofPrefix(plan);
    for (TokenSample example : examples) {
      layer += EffortCost.ofLayer(plan, example.length() - shared, example.length());
      all = all.plus(EffortCost.ofSample(plan, example.length(), example.targets()));
    }
    pass.write(examples);
    pass.embed();
    boolean several = plan.architecture().layers() > 1;
    double layers = several ? layer / seconds(() -> pass.forward(0), seconds / 2) : NOMINAL;
    pass.embedForLast();
    return new EffortCalibration(layers, all.last() / seconds(pass::last, seconds / 2));
  }

  /** The mean time of a call, the first one left out if there is time for more. */
  private static double seconds(Runnable call, double limit) {
    long begin = System.nanoTime();
    call.run();
    double first = (System.nanoTime() - begin) * 1e-9;
    double spent = 0;
    int calls = 0;
    while (first + spent < limit) {
      call.run();
      calls++;
      spent = (System.nanoTime() - begin) * 1e-9 - first;
    }
    return Math.max(1e-9, calls == 0 ? first : spent / calls);
  }

  EffortForecast forecast(
      EffortPlan plan,
      EffortSizes sizes,
      Work work,
      long weightBytes,
      boolean streams,
      double unitSeconds) {
    EffortCost own = EffortCost.NONE;
    long tokens = Arrays.stream(work.lengths).asLongStream().sum();
    int count = work.lengths.length;
    for (int i = 0; i < count; i++) {
      own = own.plus(EffortCost.ofSample(plan, work.lengths[i], work.targets[i]));
    }
    long ownPositions = tokens - (long) count * sizes.shared();
    double most =
        Math.min(sizes.positions(), unitSeconds * ownPositions / Math.max(1e-9, time(own)));
    int positions = (int) Math.max(plan.config().cutoff(), most);
    int batches =
        Math.max(
            (int) Math.ceil((double) ownPositions / (positions - sizes.shared())),
            (int) Math.ceil((double) count / sizes.samples()));
    EffortCost all = own.plus(EffortCost.ofPrefix(plan).times(batches));
    double seconds = time(all);
    long filled = Math.min(positions, ownPositions + sizes.shared());
    long used = plan.bytes((int) Math.max(plan.config().cutoff(), filled));
    return new EffortForecast(
        count,
        tokens,
        sizes.shared(),
        ownPositions + (long) batches * sizes.shared(),
        batches,
        positions,
        all.total(),
        used,
        weightBytes,
        streams,
        all.total() / Math.max(1e-9, seconds),
        seconds);
  }

  private double time(EffortCost cost) {
    return cost.layers() / layers + cost.last() / last;
  }
}
