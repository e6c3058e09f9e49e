// SPDX-License-Identifier: Apache-2.0
package dev.coppice.solve;

import dev.coppice.random.Philox;
import dev.coppice.random.Purpose;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Extreme eigenvalues and spectral density of a symmetric matrix H, estimated by Lanczos from
 * random vectors (stochastic Lanczos quadrature).
 *
 * <p>The share of eigenvalues near x is estimated by the weights of the nodes near x. Its error
 * falls with {@code 1 / sqrt(probes P)}. Extremes are approached from inside: no eigenvalue
 * estimate lies outside of H's spectrum. All numbers are those of the matrix that the products
 * describe: float32 products add about 1e-6 of the largest.
 *
 * @param largest estimate of the largest eigenvalue
 * @param largestError norm of its residual: an eigenvalue of H lies that near
 * @param smallest estimate of the smallest eigenvalue
 * @param smallestError the same for it
 * @param nodes places of the density, ascending, (m)
 * @param weights share of the eigenvalues at each node; sum 1, (m)
 * @param probes random vectors
 * @param products products with H
 * @see <a href="https://doi.org/10.1137/16M1104974">Ubaru, Chen and Saad 2017</a>
 */
public record Spectrum(
    double largest,
    double largestError,
    double smallest,
    double smallestError,
    double[] nodes,
    double[] weights,
    int probes,
    int products) {
  /** Rounding of float32 products, relative to the largest magnitude. */
  private static final double ROUNDING = 1e-6;

  /**
   * Estimates; element i of probe j is -1 where {@code Philox} word 0 at (purpose SPECTRUM, a = j,
   * b = i, c = 0) is 2^31 or more, else 1.
   *
   * @param probes random vectors, 1 or more
   * @param steps Lanczos steps of each, 1 or more
   */
  public static Spectrum estimate(HessianProduct hessian, int probes, int steps, long seed) {
    Lanczos[] runs = new Lanczos[probes];
    for (int j = 0; j < probes; j++) {
      runs[j] = Lanczos.run(hessian, probe(hessian.size(), j, seed), steps);
    }
    return of(runs);
  }

  private static double[] probe(int size, int number, long seed) {
    double[] v = new double[size];
    for (int i = 0; i < size; i++) {
      v[i] = Philox.firstWord(seed, Purpose.SPECTRUM, number, i, 0) < 0 ? -1 : 1;
    }
    return v;
  }

  private static Spectrum of(Lanczos[] runs) {
    double largest = Double.NEGATIVE_INFINITY;
    double largestError = 0;
    double smallest = Double.POSITIVE_INFINITY;
    double smallestError = 0;
    int products = 0;
    for (Lanczos run : runs) {
      int top = run.values().length - 1;
      if (run.values()[top] > largest) {
        largest = run.values()[top];
        largestError = run.bounds()[top];
      }
      if (run.values()[0] < smallest) {
        smallest = run.values()[0];
        smallestError = run.bounds()[0];
      }
      products += run.products();
    }
    double[][] density =
        Arrays.stream(runs)
            .flatMap(
                run ->
                    IntStream.range(0, run.values().length)
                        .mapToObj(
                            i -> new double[] {run.values()[i], run.weights()[i] / runs.length}))
            .sorted((a, b) -> Double.compare(a[0], b[0]))
            .toArray(double[][]::new);
    return new Spectrum(
        largest,
        largestError,
        smallest,
        smallestError,
        Arrays.stream(density).mapToDouble(node -> node[0]).toArray(),
        Arrays.stream(density).mapToDouble(node -> node[1]).toArray(),
        runs.length,
        products);
  }

  /**
   * Whether {@code H + damping I} has a negative eigenvalue, beyond rounding: certain if true,
   * since {@link #smallest} lies inside of H's spectrum.
   */
  public boolean indefinite(double damping) {
    double rounding = ROUNDING * Math.max(Math.abs(largest), Math.abs(smallest));
    return smallest + damping < -rounding;
  }

  /** As run.json has it. */
  public Map<String, Object> facts() {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("largest", largest);
    facts.put("largestError", largestError);
    facts.put("smallest", smallest);
    facts.put("smallestError", smallestError);
    facts.put("probes", probes);
    facts.put("products", products);
    facts.put("nodes", nodes);
    facts.put("weights", weights);
    return facts;
  }
}
