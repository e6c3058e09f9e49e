// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import java.io.IOException;
import java.nio.file.Path;

/** Says what scoring effort would take, without doing it. */
public final class PlanEffort {
  private PlanEffort() {}

  /**
   * Tokenises all samples, measures the machine for 2 seconds and forecasts the pass.
   *
   * @throws dev.coppice.data.InputException if a file is wrong
   * @throws dev.coppice.data.ConfigException if cutoff, memory or adapter do not fit the model; it
   *     says what would
   * @throws MissingEnvironmentException if the backend asked for or the memory is not there; it
   *     says what would fit
   * @throws IOException if tokens cannot be kept in a temporary file
   */
  public static Outcome run(
      EffortInput input, EffortOptions options, RunOptions run, Progress progress)
      throws IOException {
    Path scratch = Path.of(System.getProperty("java.io.tmpdir"));
    return new ScoreEffort(scratch, input, options, run, progress).plan();
  }
}
