// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.score.RankAgreement;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What was measured after each retraining of a validation. */
final class Retrained {
  private final List<String> quantities;
  private final int repeats;
  private final Map<String, double[][]> measured = new LinkedHashMap<>(); // by set: (repeat, what)

  Retrained(List<String> quantities, int repeats) {
    this.quantities = List.copyOf(quantities);
    this.repeats = repeats;
  }

  void put(int repeat, Removal set, double[] values) {
    measured.computeIfAbsent(set.name(), name -> new double[repeats][])[repeat] = values;
  }

  /** Names of what was measured. */
  List<String> quantities() {
    return quantities;
  }

  /** Number of trainings of each set. */
  int repeats() {
    return repeats;
  }

  /** One quantity of each training of a set, (repeats). */
  double[] each(String quantity, Removal set) {
    int column = quantities.indexOf(quantity);
    return Arrays.stream(measured.get(set.name())).mapToDouble(values -> values[column]).toArray();
  }

  /** Mean over the trainings of a set. */
  double mean(String quantity, Removal set) {
    return Arrays.stream(each(quantity, set)).average().orElseThrow();
  }

  /** Means of several sets. */
  double[] means(String quantity, List<Removal> sets) {
    return sets.stream().mapToDouble(set -> mean(quantity, set)).toArray();
  }

  /**
   * How well one training of each set ranks the sets as another does, with another seed: the mean
   * rank correlation over pairs of repeats. A score that knew everything but the seed would reach
   * about its square root against one training.
   */
  double agreement(String quantity, List<Removal> sets) {
    double sum = 0;
    int pairs = 0;
    for (int a = 0; a < repeats; a++) {
      for (int b = 0; b < a; b++) {
        sum += RankAgreement.spearman(of(a, quantity, sets), of(b, quantity, sets));
        pairs++;
      }
    }
    return sum / pairs;
  }

  private double[] of(int repeat, String quantity, List<Removal> sets) {
    return sets.stream().mapToDouble(set -> each(quantity, set)[repeat]).toArray();
  }
}
