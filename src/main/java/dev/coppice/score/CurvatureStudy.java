// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.model.Curvature;
import dev.coppice.solve.IhvpSolution;
import dev.coppice.solve.ProjectedSystems;
import dev.coppice.solve.Spectrum;
import dev.coppice.solve.SpectrumProbe;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;

/**
 * Makes a {@link CurvatureReport}: all dampings of one curvature share one Krylov space, and all
 * directions one pass over the samples.
 */
final class CurvatureStudy {
  private static final double[] LADDER = {1, 0.1, 0.01, 0.001};
  private static final int TOP = 1024; // of DEALRec's selections
  private static final double TOLERANCE = 5e-3; // correlations within 0.0005 on real data
  private static final double LARGEST_ERROR = 1e-6; // relative
  private static final int DIMENSION = 48; // of a Krylov space
  private static final int DIMENSION_OF_LARGE = 16; // above SpectrumProbe.LARGE parameters
  private static final int PORTION = 4096;

  private final RiskDerivatives risk;
  private final InfluenceConfig config;
  private final Function<Curvature, SpectrumProbe> probes;
  private final Map<Curvature, Spectrum> spectra = new EnumMap<>(Curvature.class);
  private int products;

  /** One linear system {@code (H + damping I) q = gbar}; {@code used}: that of the run. */
  private record Damped(
      Curvature curvature, double damping, OptionalDouble relative, boolean used) {}

  /** Prepares. */
  CurvatureStudy(
      RiskDerivatives risk, InfluenceConfig config, Function<Curvature, SpectrumProbe> probes) {
    this.risk = risk;
    this.config = config;
    this.probes = probes;
  }

  /**
   * The report.
   *
   * @param solution of the run's own system
   * @param samples ids of all scorable samples, (N)
   */
  CurvatureReport report(IhvpSolution solution, int[] samples) {
    double[] g = risk.meanGradient();
    List<Damped> systems = new ArrayList<>();
    List<Optional<IhvpSolution>> solutions = new ArrayList<>();
    for (Curvature curvature : Curvature.values()) {
      int most = risk.size() > SpectrumProbe.LARGE ? DIMENSION_OF_LARGE : DIMENSION;
      ProjectedSystems space = new ProjectedSystems(risk.mean(curvature), g, most);
      List<Damped> some = systems(curvature, largest(curvature, space));
      systems.addAll(some);
      solutions.addAll(solve(space, some, solution));
      products += space.products();
    }
    List<double[]> directions = new ArrayList<>(List.of(g));
    solutions.forEach(one -> one.ifPresent(solved -> directions.add(solved.q())));
    double[][] scores = scores(directions, samples);
    int top = Math.max(1, Math.min(TOP, samples.length / 2));
    List<CurvatureReport.Row> rows = new ArrayList<>();
    int next = 1;
    for (int k = 0; k < systems.size(); k++) {
      Optional<double[]> influence =
          solutions.get(k).isPresent() ? Optional.of(scores[next++]) : Optional.empty();
      rows.add(row(systems.get(k), solutions.get(k), influence, scores[0], top));
    }
    return new CurvatureReport(spectra, top, rows, products);
  }

  /** By the spectrum that is told, or else by the space in which the systems are solved. */
  private double largest(Curvature curvature, ProjectedSystems space) {
    if (curvature != config.curvature() && curvature != Curvature.HESSIAN) {
      return space.largest(LARGEST_ERROR);
    }
    SpectrumProbe probe = probes.apply(curvature);
    spectra.put(curvature, probe.spectrum());
    products += probe.products();
    return probe.largest();
  }

  /** The damping of the run and the ladder's, falling. */
  private List<Damped> systems(Curvature curvature, double largest) {
    boolean own = curvature == config.curvature();
    List<Damped> systems = new ArrayList<>();
    if (largest > 0) {
      for (double rung : LADDER) {
        systems.add(new Damped(curvature, rung * largest, OptionalDouble.of(rung), false));
      }
    }
    if (largest <= 0 && config.damping().relative()) {
      return systems; // of a matrix that is not the run's, which a gradient of 0 tells nothing
      // about
    }
    double damping = config.damping().at(largest);
    OptionalDouble relative =
        config.damping().relative()
            ? OptionalDouble.of(config.damping().value())
            : OptionalDouble.empty();
    OptionalDouble rung =
        systems.stream()
            .filter(system -> system.damping() == damping)
            .findFirst()
            .map(Damped::relative)
            .orElse(relative);
    systems.removeIf(system -> system.damping() == damping);
    systems.add(new Damped(curvature, damping, rung, own));
    systems.sort(Comparator.comparingDouble(Damped::damping).reversed());
    return systems;
  }

  /** Solutions; empty where the system is indefinite, except for the run's own. */
  private List<Optional<IhvpSolution>> solve(
      ProjectedSystems space, List<Damped> systems, IhvpSolution own) {
    List<Damped> open =
        systems.stream().filter(system -> !system.used() && !indefinite(system)).toList();
    double[] shifts = open.stream().mapToDouble(Damped::damping).toArray();
    List<Optional<IhvpSolution>> solved = space.solve(shifts, TOLERANCE);
    return systems.stream()
        .map(
            system -> {
              int at = open.indexOf(system);
              return system.used()
                  ? Optional.of(own)
                  : at < 0 ? Optional.<IhvpSolution>empty() : solved.get(at);
            })
        .toList();
  }

  /** Whether the spectrum shows it. */
  private boolean indefinite(Damped system) {
    Spectrum spectrum = spectra.get(system.curvature());
    return spectrum != null && spectrum.indefinite(system.damping());
  }

  /** Products of all samples' gradients with each direction, (directions,N). */
  private double[][] scores(List<double[]> directions, int[] samples) {
    risk.aim(directions.toArray(double[][]::new));
    double[][] scores = new double[directions.size()][samples.length];
    for (int from = 0; from < samples.length; from += PORTION) {
      int[] ids = Arrays.copyOfRange(samples, from, Math.min(samples.length, from + PORTION));
      double[][] dots = risk.score(ids).dots();
      for (int k = 0; k < dots.length; k++) {
        System.arraycopy(dots[k], 0, scores[k], from, ids.length);
      }
    }
    return scores;
  }

  private CurvatureReport.Row row(
      Damped system,
      Optional<IhvpSolution> solution,
      Optional<double[]> influence,
      double[] plain,
      int top) {
    boolean indefinite = indefinite(system) || solution.map(IhvpSolution::indefinite).orElse(true);
    return new CurvatureReport.Row(
        system.curvature(),
        system.damping(),
        system.relative(),
        system.used(),
        indefinite,
        number(solution.map(IhvpSolution::residual)),
        number(influence.map(scores -> RankAgreement.spearman(scores, plain))),
        number(influence.map(scores -> RankAgreement.topOverlap(scores, plain, top))));
  }

  /** NaN, the correlation of equal numbers, is none. */
  private static OptionalDouble number(Optional<Double> value) {
    return value.isPresent() && !value.get().isNaN()
        ? OptionalDouble.of(value.get())
        : OptionalDouble.empty();
  }
}
