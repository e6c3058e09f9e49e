// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.data.TokenSample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * How fast this machine is at an effort pass now, in multiply-adds a second, measured part by part.
 *
 * @param rates of one layer's forward pass, of the last layer with the head, and of one layer's
 *     backward pass
 * @param filled what the measurement has filled of the workspace
 */
record EffortCalibration(EffortCost rates, EffortSizes filled) {
  /** Where nothing could be measured. */
  private static final double NOMINAL = 3e10;

  /** No more of the pass than this is spent on measuring it, at that speed. */
  private static final double SHARE = 0.1;

  /** Times that a part is measured where a chunk takes no time. */
  private static final int REPEATS = 5;

  /** How long to measure: less where everything takes no time. */
  static double seconds(EffortPlan plan, EffortWork work, double most) {
    double total = EffortCost.ofPrefix(plan).total();
    for (EffortCost cost : work.costs(plan)) {
      total += cost.total();
    }
    return Math.min(most, SHARE * total / NOMINAL);
  }

  /**
   * Measures.
   *
   * @param most what a macro-batch may hold
   * @param examples as many samples as there are at hand, like the ones to be scored
   * @param limit seconds that it may take; it takes longer only where one sample does
   */
  static EffortCalibration measure(
      EffortPlan plan,
      EffortPass pass,
      EffortSizes most,
      List<TokenSample> examples,
      double limit) {
    EffortSizes nothing = plan.filled(most, new int[0]);
    EffortCost nominal = new EffortCost(NOMINAL, NOMINAL, NOMINAL);
    EffortCalibration one = new EffortCalibration(nominal, nothing);
    if (examples.isEmpty()) {
      return one;
    }
    long begin = System.nanoTime();
    // A sample alone brings in the weights, warms the code, and tells how many samples there is
    // time for.
    one = new Trial(plan, pass, most, examples.subList(0, 1)).run(limit / REPEATS);
    double left = limit - (System.nanoTime() - begin) * 1e-9;
    int count = samples(plan, most, examples, one, left);
    return count == 1 ? one : new Trial(plan, pass, most, examples.subList(0, count)).run(left);
  }

  /** So many that each part can be repeated, but no more than a chunk for one repetition. */
  private static int samples(
      EffortPlan plan,
      EffortSizes most,
      List<TokenSample> examples,
      EffortCalibration one,
      double left) {
    int[] lengths = examples.stream().mapToInt(TokenSample::length).toArray();
    double[] seconds = new double[lengths.length];
    for (int i = 0; i < lengths.length; i++) {
      TokenSample example = examples.get(i);
      EffortCost cost = EffortCost.ofSample(plan, example.length(), example.targets());
      seconds[i] = one.seconds(cost.withOneLayer(plan));
    }
    int chunk = MacroBatch.cuts(lengths, most.shared(), most.ownRows(), most.wholeRows()).get(0);
    int[] first = Arrays.copyOf(lengths, chunk);
    int once = EffortUnits.of(most, first, seconds, left / 2).ends()[0];
    int repeated = EffortUnits.of(most, lengths, seconds, left / REPEATS).ends()[0];
    return Math.max(once, repeated);
  }

  /** Seconds that an amount of work takes. */
  double seconds(EffortCost cost) {
    return cost.layers() / rates.layers() + cost.last() / rates.last() + cost.back() / rates.back();
  }

  /** Some samples, one layer of each kind. */
  private static final class Trial {
    private final EffortPlan plan;
    private final EffortPass pass;
    private final EffortSizes filled;
    private final EffortCost cost;
    private final List<TokenSample> samples;

    Trial(EffortPlan plan, EffortPass pass, EffortSizes most, List<TokenSample> samples) {
      this.plan = plan;
      this.pass = pass;
      this.samples = samples;
      filled = plan.filled(most, samples.stream().mapToInt(TokenSample::length).toArray());
      EffortCost all = EffortCost.ofPrefix(plan);
      for (TokenSample sample : samples) {
        all = all.plus(EffortCost.ofSample(plan, sample.length(), sample.targets()));
      }
      cost = all.withOneLayer(plan);
    }

    /** Measures every part: once, and again as long as there is time. */
    EffortCalibration run(double limit) {
      pass.write(samples);
      int last = plan.architecture().layers() - 1;
      Part layers = new Part(cost.layers(), () -> pass.forward(0));
      Part head = new Part(cost.last(), pass::last);
      Part back = new Part(cost.back(), () -> pass.backward(last - 1));
      List<Part> parts = Stream.of(layers, head, back).filter(part -> part.work > 0).toList();
      double spent = 0;
      boolean again = true;
      while (again) {
        again = false;
        pass.embedForEach();
        for (Part part : parts) {
          if (part.calls() == 0 || spent + part.latest() <= limit) {
            spent += part.call(limit);
            again |= spent + part.latest() <= limit;
          }
        }
      }
      return new EffortCalibration(new EffortCost(layers.rate(), head.rate(), back.rate()), filled);
    }
  }

  /** A part of the pass, and how long it took. */
  private static final class Part {
    final double work;
    private final Runnable code;
    private final List<Double> times = new ArrayList<>();

    Part(double work, Runnable code) {
      this.work = work;
      this.code = code;
    }

    int calls() {
      return times.size();
    }

    double latest() {
      return times.get(times.size() - 1);
    }

    /**
     * Calls, the first time again at once unless that takes a quarter of the time; the seconds.
     *
     * @param limit seconds of all parts together
     */
    double call(double limit) {
      double spent = 0;
      int most = times.isEmpty() ? 2 : 1;
      for (int i = 0; i < most && (i == 0 || 4 * latest() <= limit); i++) {
        long begin = System.nanoTime();
        code.run();
        times.add(Math.max(1e-9, (System.nanoTime() - begin) * 1e-9));
        spent += latest();
      }
      return spent;
    }

    /** By the lower quartile: calls that touch new memory or were held up count little. */
    double rate() {
      List<Double> sorted = times.stream().sorted().toList();
      return sorted.isEmpty() ? NOMINAL : work / sorted.get(sorted.size() / 4);
    }
  }

  /**
   * What the pass takes.
   *
   * @param most what a macro-batch may hold
   * @param weightBytes of the matrices
   * @param streams whether they are given back layer by layer
   * @param unitSeconds that a macro-batch may take, as a rule
   */
  EffortForecast forecast(
      EffortPlan plan,
      EffortSizes most,
      EffortWork work,
      long weightBytes,
      boolean streams,
      double unitSeconds) {
    EffortCost[] costs = work.costs(plan);
    double[] seconds = Arrays.stream(costs).mapToDouble(this::seconds).toArray();
    EffortUnits units = EffortUnits.of(most, work.lengths(), seconds, unitSeconds);
    EffortCost all = EffortCost.ofPrefix(plan).times(units.count());
    for (EffortCost cost : costs) {
      all = all.plus(cost);
    }
    EffortSizes fullest = units.filled(plan, most, work.lengths());
    long own = work.tokens() - (long) work.samples() * most.shared();
    return new EffortForecast(
        work.samples(),
        work.tokens(),
        most.shared(),
        own + (long) units.count() * most.shared(),
        units.ends(),
        fullest.positions(),
        all.total(),
        plan.bytes(fullest),
        plan.bytes(filled),
        fullest.javaBytes(),
        weightBytes,
        streams,
        all.total() / Math.max(1e-9, seconds(all)),
        seconds(all));
  }
}
