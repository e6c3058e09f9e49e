// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.data.ConfigException;
import dev.coppice.score.Damping;
import java.util.List;
import java.util.Optional;

/**
 * How influence is scored.
 *
 * @param solver {@code cg}, {@code direct}, {@code lissa} or {@code ekfac}
 * @param damping ridge added to the Hessian: {@code 0.25}, or {@code 0.1x} for a multiple of its
 *     largest eigenvalue
 * @param tolerance relative residual at which cg ends
 * @param curvature {@code hessian} or {@code gauss-newton}
 * @param params which weights: {@code last-dense}, {@code last-block} or {@code all}
 * @param lissaScale LiSSA's scale; empty for the bound that power iteration finds
 * @param lissaSteps LiSSA's recursion steps
 * @param lissaBatch samples a LiSSA step
 * @param curvatureReport whether to tell how much the curvature changes the ranking
 */
public record InfluenceOptions(
    String solver,
    String damping,
    double tolerance,
    String curvature,
    String params,
    Optional<Double> lissaScale,
    int lissaSteps,
    int lissaBatch,
    boolean curvatureReport) {
  /** The defaults of the command line. */
  public static final InfluenceOptions DEFAULT =
      new InfluenceOptions(
          "cg", "1x", 1e-6, "hessian", "last-dense", Optional.empty(), 5000, 1, true);

  /**
   * Checks every value.
   *
   * @throws ConfigException naming the option
   */
  public InfluenceOptions {
    OptionRange.oneOf("--solver", solver, List.of("cg", "direct", "lissa", "ekfac"));
    damping = Damping.parse(damping).toString();
    OptionRange.above("--tolerance", tolerance, 0, 1);
    OptionRange.oneOf("--curvature", curvature, List.of("hessian", "gauss-newton"));
    OptionRange.oneOf("--params", params, List.of("last-dense", "last-block", "all"));
    if (solver.equals("ekfac") && params.equals("last-dense")) {
      throw new ConfigException(
          "--solver ekfac needs --params last-block or all; for last-dense use cg, which is exact");
    }
    lissaScale.ifPresent(scale -> OptionRange.above("--lissa-scale", scale, 0, Double.MAX_VALUE));
    OptionRange.atLeast("--lissa-steps", lissaSteps, 1);
    OptionRange.atLeast("--lissa-batch", lissaBatch, 1);
  }
}
