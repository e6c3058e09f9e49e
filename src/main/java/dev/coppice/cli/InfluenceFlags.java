// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import dev.coppice.pipeline.InfluenceOptions;
import java.util.Optional;
import picocli.CommandLine.Option;

/** How influence is scored. */
final class InfluenceFlags {
  private static final InfluenceOptions DEFAULT = InfluenceOptions.DEFAULT;

  @Option(names = "--solver", paramLabel = "NAME", description = "cg, direct, lissa or ekfac (cg).")
  String solver = DEFAULT.solver();

  @Option(
      names = "--damping",
      paramLabel = "X",
      description =
          "Ridge added to the Hessian: a number, or a multiple of its largest eigenvalue (1x;"
              + " published: 0.25).")
  String damping = DEFAULT.damping();

  @Option(
      names = "--tolerance",
      paramLabel = "X",
      description = "Relative residual at which cg ends (1e-6).")
  double tolerance = DEFAULT.tolerance();

  @Option(
      names = "--curvature",
      paramLabel = "NAME",
      description = "hessian or gauss-newton (hessian).")
  String curvature = DEFAULT.curvature();

  @Option(
      names = "--params",
      paramLabel = "NAME",
      description = "Weights that influence is about: last-dense, last-block or all (last-dense).")
  String params = DEFAULT.params();

  @Option(
      names = "--lissa-scale",
      paramLabel = "X",
      description = "LiSSA's scale (default: bounded by power iteration).")
  Double lissaScale;

  @Option(names = "--lissa-steps", paramLabel = "N", description = "LiSSA's steps (5000).")
  int lissaSteps = DEFAULT.lissaSteps();

  @Option(names = "--lissa-batch", paramLabel = "N", description = "Samples a LiSSA step (1).")
  int lissaBatch = DEFAULT.lissaBatch();

  @Option(
      names = "--curvature-report",
      paramLabel = "true|false",
      arity = "1",
      description = "Tell eigenvalues, and how much curvature changes the ranking (true).")
  boolean curvatureReport = DEFAULT.curvatureReport();

  InfluenceOptions options() {
    return new InfluenceOptions(
        solver,
        damping,
        tolerance,
        curvature,
        params,
        Optional.ofNullable(lissaScale),
        lissaSteps,
        lissaBatch,
        curvatureReport);
  }
}
