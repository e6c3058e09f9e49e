// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.data.ConfigException;
import dev.coppice.model.Curvature;

/**
 * How influence scores are computed.
 *
 * @param solver of the inverse-Hessian-vector product
 * @param damping the ridge lambda added to the curvature matrix
 * @param tolerance bound of the relative residual, of {@code cg}
 * @param curvature Hessian or Gauss-Newton
 * @param params which parameters
 * @param lissaScale LiSSA's scale; null: chosen by the solver
 * @param lissaSteps length of LiSSA's recursion
 * @param lissaBatch samples of one of its mini-batches
 * @param seed of the mini-batches
 * @param macroBatchPositions positions that are scored at a time; changes no result
 * @param cacheBytes memory for values that no direction changes; with less than they need, they are
 *     recomputed for each product
 */
public record InfluenceConfig(
    Solver solver,
    Damping damping,
    double tolerance,
    Curvature curvature,
    ParameterSet params,
    Double lissaScale,
    int lissaSteps,
    int lissaBatch,
    long seed,
    int macroBatchPositions,
    long cacheBytes) {
  /** CG, damping 1x, tolerance 1e-6, Hessian, 5000 LiSSA steps of 1, seed 42, 2 GiB of cache. */
  public static final InfluenceConfig DEFAULT =
      new InfluenceConfig(
          Solver.CG,
          Damping.relative(1),
          1e-6,
          Curvature.HESSIAN,
          ParameterSet.LAST_DENSE,
          null,
          5000,
          1,
          42,
          4096,
          2L << 30);

  /** Solvers of the damped system. */
  public enum Solver {
    /** Conjugate gradients over all samples; MINRES where the matrix is indefinite. */
    CG,
    /** The dense matrix, factorised. */
    DIRECT,
    /** Stochastic recursion over mini-batches. */
    LISSA,
    /** Eigenvalue-corrected Kronecker factors: approximate; not for {@code last-dense}. */
    EKFAC
  }

  /**
   * Checks the numbers.
   *
   * @throws ConfigException naming the option that is out of range
   */
  public InfluenceConfig {
    require(tolerance > 0, "tolerance must be positive, got " + tolerance);
    require(
        lissaScale == null || (lissaScale > 0 && Double.isFinite(lissaScale)),
        "lissa-scale must be positive, got " + lissaScale);
    require(
        solver != Solver.EKFAC || params != ParameterSet.LAST_DENSE,
        "solver ekfac needs params last-block or all; for last-dense use cg, which is exact");
    require(lissaSteps >= 1, "lissa-steps must be 1 or more, got " + lissaSteps);
    require(lissaBatch >= 1, "lissa-batch must be 1 or more, got " + lissaBatch);
    require(macroBatchPositions >= 1, "macro-batch positions must be 1 or more");
    require(cacheBytes >= 0, "cache bytes must be 0 or more");
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new ConfigException(message);
    }
  }

  /** The same with another solver. */
  public InfluenceConfig with(Solver other) {
    return new InfluenceConfig(
        other,
        damping,
        tolerance,
        curvature,
        params,
        lissaScale,
        lissaSteps,
        lissaBatch,
        seed,
        macroBatchPositions,
        cacheBytes);
  }

  /** The same with another damping. */
  public InfluenceConfig with(Damping other) {
    return new InfluenceConfig(
        solver,
        other,
        tolerance,
        curvature,
        params,
        lissaScale,
        lissaSteps,
        lissaBatch,
        seed,
        macroBatchPositions,
        cacheBytes);
  }
}
