// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import java.util.Arrays;

/**
 * The samples that an effort pass is for.
 *
 * @param lengths tokens of each sample, (B)
 * @param targets scored ones of each sample, (B)
 */
public record EffortWork(int[] lengths, int[] targets) {
  /**
   * Checks the lengths.
   *
   * @throws IllegalArgumentException if the arrays differ in length
   */
  public EffortWork {
    if (lengths.length != targets.length) {
      throw new IllegalArgumentException(
          lengths.length + " lengths, " + targets.length + " targets");
    }
  }

  /** Number of samples. */
  int samples() {
    return lengths.length;
  }

  /** Tokens of all samples. */
  long tokens() {
    return Arrays.stream(lengths).asLongStream().sum();
  }

  /** What each sample costs. */
  EffortCost[] costs(EffortPlan plan) {
    EffortCost[] costs = new EffortCost[samples()];
    Arrays.setAll(costs, i -> EffortCost.ofSample(plan, lengths[i], targets[i]));
    return costs;
  }
}
