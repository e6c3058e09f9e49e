// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import java.util.Map;
import java.util.Optional;

/**
 * A score that is put to the test.
 *
 * @param name unique among the scores
 * @param values by sample id; 0 for unscorable samples
 * @param against name of the score with the same gradients and no curvature, of an influence score;
 *     empty for other scores
 * @param ranks whether its top and bottom are left out and retrained without
 * @param facts how it was computed
 */
record ScoreColumn(
    String name,
    double[] values,
    Optional<String> against,
    boolean ranks,
    Map<String, Object> facts) {
  /**
   * Whether its sum over removed samples is in units of the risk: {@code (1/N) sum_s score(s)} is
   * then the change that it predicts.
   */
  boolean predicts() {
    return against.isPresent();
  }
}
