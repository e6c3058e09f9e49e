// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.backend.Backend;
import dev.coppice.data.ConfigException;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.model.Curvature;
import dev.coppice.model.ParameterSpan;
import dev.coppice.model.SurrogateWeights;
import dev.coppice.solve.ConjugateGradient;
import dev.coppice.solve.DirectSolve;
import dev.coppice.solve.HessianProduct;
import dev.coppice.solve.IhvpSolution;
import dev.coppice.solve.Lissa;
import dev.coppice.solve.LissaConfig;
import dev.coppice.solve.SpectrumProbe;
import java.util.EnumMap;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * Influence of each sample on the mean training loss, through the parameters of a {@link
 * ParameterSet}: {@code I(s) = g(s) . q}, {@code q = (H + damping I)^-1 gbar}, solved once.
 * Negatives are those of epoch 0; no dropout.
 *
 * @see <a href="https://arxiv.org/abs/1703.04730">Koh and Liang 2017</a>
 */
public final class InfluenceScorer implements AutoCloseable {
  private static final int MAX_PRODUCTS = 1000;

  private final Backend backend;
  private final InfluenceConfig config;
  private final RiskDerivatives risk;
  private final int[] scorable;
  private final Map<Curvature, SpectrumProbe> probes = new EnumMap<>(Curvature.class);
  private boolean solved;

  /**
   * Reserves memory.
   *
   * @throws ConfigException if there are too many parameters for the solver asked for
   * @throws IllegalArgumentException if no sample is scorable
   */
  public InfluenceScorer(
      Backend backend, SurrogateWeights weights, SurrogateSamples samples, InfluenceConfig config) {
    long parameters = config.params().size(weights.config());
    if (config.solver() == InfluenceConfig.Solver.DIRECT
        && parameters > DirectSolve.MAX_PARAMETERS) {
      throw new ConfigException(
          "solver direct takes at most %d parameters, these are %d: use cg"
              .formatted(DirectSolve.MAX_PARAMETERS, parameters));
    }
    if (samples.scorable().length == 0) {
      throw new IllegalArgumentException("no sample has a transition to score");
    }
    this.backend = backend;
    this.config = config;
    scorable = samples.scorable();
    risk =
        switch (config.params()) {
          case LAST_DENSE -> new LastDenseRisk(backend, weights, samples, config);
          case LAST_BLOCK ->
              new SpanRisk(
                  backend, ParameterSpan.lastBlock(weights.config()), weights, samples, config);
          case ALL ->
              new SpanRisk(backend, ParameterSpan.all(weights.config()), weights, samples, config);
        };
  }

  /**
   * Solves for q, which {@link #score} then uses. Gives the same bits each time.
   *
   * @throws dev.coppice.solve.SolverException if the solver fails; the message says what to change
   */
  public IhvpSolution solve() {
    double[] g = risk.meanGradient();
    double damping = damping();
    HessianProduct hessian = risk.mean(config.curvature());
    IhvpSolution solution =
        switch (config.solver()) {
          case CG -> ConjugateGradient.solve(hessian, damping, g, config.tolerance(), MAX_PRODUCTS);
          case DIRECT ->
              DirectSolve.solve(backend, risk.dense(config.curvature()), hessian, damping, g);
          case EKFAC -> risk.ekfac(config.seed()).solution(hessian, damping, g);
          case LISSA -> Lissa.solve(risk.ofSamples(config.curvature()), hessian, g, lissa(damping));
        };
    use(solution.q());
    return solution;
  }

  private SpectrumProbe probe(Curvature curvature) {
    return probes.computeIfAbsent(
        curvature, asked -> new SpectrumProbe(risk.mean(asked), config.seed()));
  }

  /**
   * The damping in units of the curvature matrix.
   *
   * @throws dev.coppice.solve.SolverException if it is relative to an eigenvalue that is not
   *     positive
   */
  public double damping() {
    Damping damping = config.damping();
    return damping.relative() ? damping.at(probe(config.curvature()).largest()) : damping.value();
  }

  /**
   * How much curvature changes the ranking of all scorable samples, with the eigenvalues of the
   * curvature matrices. {@link #score} goes on with the solution's q.
   *
   * @param solution of {@link #solve}
   */
  public CurvatureReport curvatureReport(IhvpSolution solution) {
    CurvatureStudy study = new CurvatureStudy(risk, config, this::probe);
    CurvatureReport report = study.report(solution, scorable);
    use(solution.q());
    return report;
  }

  private LissaConfig lissa(double damping) {
    return new LissaConfig(
        damping,
        config.lissaScale() == null
            ? OptionalDouble.empty()
            : OptionalDouble.of(config.lissaScale()),
        config.lissaSteps(),
        config.lissaBatch(),
        config.seed());
  }

  /**
   * Gradient of the mean loss, gbar, (P). As a {@link #use q} it makes {@link #score} give the
   * plain gradient dot product {@code g(s) . gbar}: influence without curvature.
   */
  public double[] meanGradient() {
    return risk.meanGradient();
  }

  /**
   * Takes a q that was solved earlier.
   *
   * @param q (P)
   */
  public void use(double[] q) {
    risk.aim(q);
    solved = true;
  }

  /**
   * Scores some samples; a sample's numbers do not depend on the others in the call.
   *
   * @param ids scorable samples in any order
   * @throws IllegalStateException before {@link #solve} or {@link #use}
   * @throws IllegalArgumentException if a sample is unscorable
   */
  public InfluenceBatch score(int[] ids) {
    if (!solved) {
      throw new IllegalStateException("solve first");
    }
    RiskDerivatives.GradientScores scores = risk.score(ids);
    return new InfluenceBatch(scores.dots()[0], scores.loss(), scores.gradNorm());
  }

  /** Frees the memory. Idempotent. */
  @Override
  public void close() {
    risk.close();
  }
}
