// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import java.util.Map;

/**
 * Scores of samples, in the order the samples were given.
 *
 * @param samples sample ids
 * @param effort norm of the loss gradient in the chosen tensors
 * @param loss mean over the scored targets
 * @param tokens length of each sample
 * @param tensorNorms norm of the gradient in each tensor, by name; effort is the root of their
 *     squares' sum
 */
public record EffortBatch(
    int[] samples,
    double[] effort,
    double[] loss,
    int[] tokens,
    Map<String, double[]> tensorNorms) {

  /** The same with no tensor's norms. */
  public EffortBatch withoutNorms() {
    return new EffortBatch(samples, effort, loss, tokens, Map.of());
  }
}
