// SPDX-License-Identifier: Apache-2.0
package dev.coppice.solve;

import dev.coppice.random.Philox;
import dev.coppice.random.Purpose;
import java.util.Arrays;
import java.util.OptionalDouble;

/**
 * Solves {@code (H + damping I) q = g} by the LiSSA recursion over mini-batches b:
 *
 * <p>{@code h <- g + (1 - lissaDamp) h - (H_b h) / lissaScale}, from h = g, and {@code q = h /
 * lissaScale}, with {@code lissaDamp = damping / lissaScale}.
 *
 * <p>In the mean its fixed point is {@code h = lissaScale (H + damping I)^-1 g}: this class divides
 * by the scale, so that all solvers agree; other codes give h, and their effective damping is
 * lissaDamp times lissaScale. The recursion contracts while the eigenvalues of {@code H_b /
 * lissaScale + lissaDamp I} lie in (0, 2). Sample j of step k's mini-batch is {@code
 * Philox.below(N)} at (purpose LISSA, a = k from 0, b = j, c = 0).
 *
 * @see <a href="https://jmlr.org/papers/v18/16-491.html">Agarwal, Bullins and Hazan 2017</a>
 */
public final class Lissa {
  private static final int SAMPLED_BATCHES = 64;
  private static final int POWER_STEPS = 8;
  private static final double SAFETY = 2; // for batches that were not sampled
  private static final double FORGOTTEN = 12; // e^-12 of the start is left after the last step
  private static final double EXPLOSION = 1e4;
  private static final int LOOK = 500; // steps between two looks at the norms
  private static final double ROUGH = 0.1; // a residual that the reader should know of

  private final BatchHessian batches;
  private final LissaConfig config;

  private Lissa(BatchHessian batches, LissaConfig config) {
    this.batches = batches;
    this.config = config;
  }

  /**
   * Runs the recursion.
   *
   * @param check products with the mean Hessian, for the residual
   * @param g right-hand side, (P)
   * @throws SolverException if it diverges; the message names a safe scale
   */
  public static IhvpSolution solve(
      BatchHessian batches, HessianProduct check, double[] g, LissaConfig config) {
    Lissa lissa = new Lissa(batches, config);
    int[][] order = new int[config.steps()][config.batch()];
    for (int k = 0; k < order.length; k++) {
      order[k] = lissa.draw(k, 0, config.batch());
    }
    return lissa.run(check, g, order);
  }

  /**
   * Runs the recursion over given mini-batches; {@code steps}, {@code batch} and {@code seed} of
   * the configuration are not used for the order.
   *
   * @param order mini-batch of each step
   */
  public static IhvpSolution solve(
      BatchHessian batches, HessianProduct check, double[] g, LissaConfig config, int[][] order) {
    return new Lissa(batches, config).run(check, g, order);
  }

  private IhvpSolution run(HessianProduct check, double[] g, int[][] order) {
    double scale =
        config.scale().isPresent()
            ? config.scale().getAsDouble()
            : Math.max(safeScale(g.length), config.damping() * order.length / FORGOTTEN);
    if (scale == 0) {
      throw new SolverException("H and the damping are both zero; raise the damping");
    }
    double[] q = recursion(g, order, scale);
    double residual = Vectors.residual(check, config.damping(), q, g);
    if (!(residual <= 1)) { // worse than q = 0
      throw diverged(g.length, order.length, scale);
    }
    String note =
        residual <= ROUGH
            ? ""
            : "far from the solution after %d steps; give more, a larger batch, or more damping"
                .formatted(order.length);
    return new IhvpSolution(
        "lissa", q, residual, order.length, true, false, note, OptionalDouble.of(scale));
  }

  private double[] recursion(double[] g, int[][] order, double scale) {
    double damp = config.damping() / scale;
    double limit = EXPLOSION * Vectors.norm(g) * (1 + order.length); // |h| grows by |g| a step
    double[] h = g.clone();
    for (int from = 0; from < order.length; from += LOOK) {
      int[][] steps = Arrays.copyOfRange(order, from, Math.min(from + LOOK, order.length));
      double[] norms = batches.recur(steps, g, damp, scale, h);
      for (int k = 0; k < norms.length; k++) {
        if (!(norms[k] <= limit)) {
          throw diverged(g.length, from + k + 1, scale);
        }
      }
    }
    double[] q = new double[h.length];
    Vectors.axpy(1 / scale, h, q);
    return q;
  }

  private SolverException diverged(int size, int step, double scale) {
    double safe = Math.max(safeScale(size), 2 * scale);
    return new SolverException(
        "LiSSA diverged within %d steps at scale %.6g; use a scale of %.6g or more, or raise the damping"
            .formatted(step, scale, safe));
  }

  /**
   * A scale at which the recursion contracts: twice the largest magnitude of an eigenvalue that
   * power iteration finds in sampled mini-batches, plus the damping. Batch j is drawn with c = 1
   * and a = j, its start vector's signs with c = 2.
   */
  private double safeScale(int size) {
    double largest = 0;
    for (int j = 0; j < SAMPLED_BATCHES; j++) {
      int[] batch = draw(j, 1, config.batch());
      double[] v = new double[size];
      for (int i = 0; i < size; i++) {
        int word = Philox.firstWord(config.seed(), Purpose.LISSA, j, i, 2);
        v[i] = word < 0 ? -1 : 1;
      }
      double magnitude = 0;
      for (int k = 0; k < POWER_STEPS; k++) {
        double norm = Vectors.norm(v);
        if (norm == 0) {
          break;
        }
        double[] unit = new double[size];
        Vectors.axpy(1 / norm, v, unit);
        v = batches.product(batch, unit);
        magnitude = Vectors.norm(v);
      }
      largest = Math.max(largest, magnitude);
    }
    if (!Double.isFinite(largest)) {
      throw new SolverException("a Hessian product is not finite; check the surrogate's weights");
    }
    return SAFETY * largest + config.damping();
  }

  private int[] draw(int step, int use, int count) {
    int[] batch = new int[count];
    for (int j = 0; j < count; j++) {
      batch[j] = Philox.below(batches.samples(), config.seed(), Purpose.LISSA, step, j, use);
    }
    return batch;
  }
}
