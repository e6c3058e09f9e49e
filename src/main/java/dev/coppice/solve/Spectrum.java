// SPDX-License-Identifier: Apache-2.0
package dev.coppice.solve;

import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Extreme eigenvalues and spectral density of a symmetric matrix H (stochastic Lanczos quadrature).
 *
 * <p>The share of eigenvalues near x is the sum of the weights of the nodes near x; its error falls
 * with {@code 1 / sqrt(probes P)}. Extremes are approached from inside: no estimate lies outside of
 * H's spectrum. All this is of the matrix that the products describe: float32 products are off by
 * about 1e-6 of the largest magnitude.
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
  private static final double ROUNDING = 1e-6;

  static Spectrum of(Lanczos.Ritz[] runs, int products) {
    double largest = Double.NEGATIVE_INFINITY;
    double largestError = 0;
    double smallest = Double.POSITIVE_INFINITY;
    double smallestError = 0;
    for (Lanczos.Ritz run : runs) {
      int top = run.values().length - 1;
      if (run.values()[top] > largest) {
        largest = run.values()[top];
        largestError = run.bounds()[top];
      }
      if (run.values()[0] < smallest) {
        smallest = run.values()[0];
        smallestError = run.bounds()[0];
      }
    }
    double[][] density =
        Stream.of(runs)
            .flatMap(run -> nodes(run, runs.length))
            .sorted(Comparator.comparingDouble(node -> node[0]))
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

  /** Place and weight of each node. */
  private static Stream<double[]> nodes(Lanczos.Ritz run, int runs) {
    return IntStream.range(0, run.values().length)
        .mapToObj(i -> new double[] {run.values()[i], run.weights()[i] / runs});
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
