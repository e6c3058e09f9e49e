// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.data.ConfigException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;

/**
 * What {@code coppice validate} is asked.
 *
 * @param data data folder
 * @param out folder for the result, made or gone on with
 * @param run what every command takes
 * @param train how the surrogate is trained; evaluation and patience have no part, the weights are
 *     those of the last epoch
 * @param users scorable users of the smaller problem, drawn at random; empty for all
 * @param subsets random halves that are retrained on
 * @param groups random groups that are left out
 * @param k samples of a group, and of the top and bottom of each score; empty for a twentieth
 * @param repeats trainings of each set, with the seeds seed, seed + 1, ...
 * @param bootstrap draws of each interval
 * @param influence the influence scores that are put to the test, all different
 */
public record ValidateOptions(
    Path data,
    Path out,
    RunOptions run,
    TrainOptions train,
    Optional<Integer> users,
    int subsets,
    int groups,
    Optional<Integer> k,
    int repeats,
    int bootstrap,
    List<InfluenceOptions> influence) {
  /** Random halves where nothing is said. */
  public static final int SUBSETS = 32;

  /** Random groups left out where nothing is said. */
  public static final int GROUPS = 8;

  /** Bootstrap draws where nothing is said. */
  public static final int BOOTSTRAP = 2000;

  /** Fewer halves rank nothing. */
  private static final int LEAST_SUBSETS = 4;

  /**
   * Checks every value.
   *
   * @throws ConfigException naming the option
   */
  public ValidateOptions {
    users.ifPresent(value -> OptionRange.atLeast("--users", value, 2));
    OptionRange.atLeast("--subsets", subsets, LEAST_SUBSETS);
    OptionRange.atLeast("--groups", groups, 0);
    k.ifPresent(value -> OptionRange.atLeast("--k", value, 1));
    OptionRange.atLeast("--repeats", repeats, 1);
    OptionRange.between("--bootstrap", bootstrap, 100, 1_000_000);
    influence = List.copyOf(new LinkedHashSet<>(influence));
    if (influence.isEmpty()) {
      throw new ConfigException("--damping, --params and --curvature must name one score or more");
    }
  }
}
