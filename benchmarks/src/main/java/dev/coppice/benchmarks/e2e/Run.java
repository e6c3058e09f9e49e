// SPDX-License-Identifier: Apache-2.0
package dev.coppice.benchmarks.e2e;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * One timing.
 *
 * @param seconds of the work that was done
 * @param share of the whole that it was, in (0, 1]
 */
record Run(double seconds, double share) {
  static Run of(JsonNode answer) {
    return new Run(answer.get("seconds").asDouble(), answer.get("share").asDouble());
  }

  static Run whole(long nanos) {
    return new Run(nanos * 1e-9, 1);
  }

  /** Seconds of the whole. */
  double total() {
    return seconds / share;
  }
}
