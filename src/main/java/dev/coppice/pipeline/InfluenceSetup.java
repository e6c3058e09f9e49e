// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.backend.Backend;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.model.Curvature;
import dev.coppice.model.SurrogateWeights;
import dev.coppice.score.Damping;
import dev.coppice.score.InfluenceConfig;
import dev.coppice.score.InfluenceScorer;
import dev.coppice.score.ParameterSet;
import java.util.Locale;

/** From options to an influence scorer. */
final class InfluenceSetup {
  private InfluenceSetup() {}

  /** The scorer's configuration. */
  static InfluenceConfig config(InfluenceOptions options, long seed) {
    return new InfluenceConfig(
        InfluenceConfig.Solver.valueOf(constant(options.solver())),
        Damping.parse(options.damping()),
        options.tolerance(),
        Curvature.valueOf(constant(options.curvature())),
        ParameterSet.valueOf(constant(options.params())),
        options.lissaScale().orElse(null),
        options.lissaSteps(),
        options.lissaBatch(),
        seed,
        InfluenceConfig.DEFAULT.macroBatchPositions(),
        InfluenceConfig.DEFAULT.cacheBytes());
  }

  private static String constant(String value) {
    return value.toUpperCase(Locale.ROOT).replace('-', '_');
  }

  /** A scorer; close it. */
  static InfluenceScorer scorer(
      Backend backend,
      SurrogateWeights weights,
      SurrogateSamples samples,
      InfluenceOptions options,
      long seed) {
    return new InfluenceScorer(backend, weights, samples, config(options, seed));
  }
}
