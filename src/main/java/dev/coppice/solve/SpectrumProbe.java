// SPDX-License-Identifier: Apache-2.0
package dev.coppice.solve;

import dev.coppice.random.Philox;
import dev.coppice.random.Purpose;
import java.util.Arrays;

/**
 * Estimates eigenvalues of one symmetric matrix H by Lanczos from random vectors; asked for more,
 * it goes on where it was.
 *
 * <p>Element i of vector j is -1 where {@code Philox} word 0 at (purpose SPECTRUM, a = j, b = i, c
 * = 0) is 2^31 or more, else 1.
 */
public final class SpectrumProbe {
  /** Lanczos steps of each vector. */
  public static final int STEPS = 40;

  /** The same where there are more than {@link #LARGE} parameters, whose products take long. */
  public static final int STEPS_OF_LARGE = 24;

  /** Parameters: 65,536. */
  public static final int LARGE = 1 << 16;

  private static final double LARGEST_ERROR = 1e-6; // relative
  private static final int NUMBERS = 4096; // random numbers, for a density within 2 percent

  private final HessianProduct hessian;
  private final long seed;
  private final Lanczos[] runs;

  /** Prepares; makes no product. */
  public SpectrumProbe(HessianProduct hessian, long seed) {
    this.hessian = hessian;
    this.seed = seed;
    int size = hessian.size();
    runs = new Lanczos[(NUMBERS + size - 1) / size];
  }

  private Lanczos run(int j) {
    if (runs[j] == null) {
      double[] v = new double[hessian.size()];
      for (int i = 0; i < v.length; i++) {
        v[i] = Philox.firstWord(seed, Purpose.SPECTRUM, j, i, 0) < 0 ? -1 : 1;
      }
      runs[j] = new Lanczos(hessian, v, v.length > LARGE ? STEPS_OF_LARGE : STEPS);
    }
    return runs[j];
  }

  /**
   * The largest eigenvalue, by the fewest steps of the first vector whose residual is below 1e-6 of
   * it; by all its steps if none is. The same number whatever was asked before.
   *
   * @throws SolverException if a product is not finite
   */
  public double largest() {
    Lanczos run = run(0);
    for (int k = 1; ; k++) {
      boolean last = run.steps() < k && !run.step();
      Lanczos.Ritz ritz = run.ritz(last ? k - 1 : k);
      int top = ritz.values().length - 1;
      if (last || ritz.bounds()[top] <= LARGEST_ERROR * Math.abs(ritz.values()[top])) {
        return ritz.values()[top];
      }
    }
  }

  /**
   * Both extremes and the density.
   *
   * @throws SolverException if a product is not finite
   */
  public Spectrum spectrum() {
    Lanczos.Ritz[] ritz = new Lanczos.Ritz[runs.length];
    for (int j = 0; j < runs.length; j++) {
      Lanczos run = run(j);
      boolean more = true;
      while (more) {
        more = run.step();
      }
      run.end();
      ritz[j] = run.ritz(run.steps());
    }
    return Spectrum.of(ritz, products());
  }

  /** Products with H so far. */
  public int products() {
    return Arrays.stream(runs).mapToInt(run -> run == null ? 0 : run.steps()).sum();
  }
}
