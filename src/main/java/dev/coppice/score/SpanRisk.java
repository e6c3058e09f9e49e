// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Workspace;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.model.Curvature;
import dev.coppice.model.ParameterSpan;
import dev.coppice.model.SasRecDerivatives;
import dev.coppice.model.SasRecDerivatives.SampleGradients;
import dev.coppice.model.SasRecFactors;
import dev.coppice.model.SurrogateWeights;
import dev.coppice.solve.BatchHessian;
import dev.coppice.solve.HessianProduct;
import dev.coppice.solve.KroneckerInverse;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Derivatives in the last block or in all of the model, by passes through the whole of it. A block
 * is float32 on the device; blocks add up in float64. {@code g(s).q} is the derivative of the
 * sample's loss along q, so one forward tangent scores all samples of a batch.
 */
final class SpanRisk implements RiskDerivatives {
  private final SpanBatches batches;
  private final Backend backend;
  private final ParameterSpan span;
  private final int size;
  private final int macroBatch;
  private final Workspace workspace;
  private double[][] directions = {};

  /** Reserves memory. */
  SpanRisk(
      Backend backend,
      ParameterSpan span,
      SurrogateWeights weights,
      SurrogateSamples samples,
      InfluenceConfig config) {
    this.backend = backend;
    this.span = span;
    size = span.size();
    macroBatch = config.macroBatchPositions();
    batches = new SpanBatches(backend, span, samples, config);
    workspace = backend.workspace(Workspace.plan(backend, batches::layout));
    boolean loaded = false;
    try {
      batches.layout(workspace);
      batches.load(weights);
      loaded = true;
    } finally {
      if (!loaded) {
        workspace.close();
      }
    }
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public double[] meanGradient() {
    return mean(sum -> batches.derivatives().addGradient(sum));
  }

  /** The mean over samples of what one block adds up to. */
  private double[] mean(Consumer<double[]> term) {
    double[] sum = new double[size];
    for (int m = 0; m < batches.count(); m++) {
      batches.evaluate(m);
      term.accept(sum);
    }
    return divided(sum, batches.samples());
  }

  private static double[] divided(double[] sum, int divisor) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] /= divisor;
    }
    return sum;
  }

  @Override
  public HessianProduct mean(Curvature curvature) {
    return new HessianProduct() {
      @Override
      public int size() {
        return size;
      }

      @Override
      public double[] product(double[] v) {
        batches.derivatives().aim(v);
        return mean(sum -> batches.derivatives().addProduct(curvature, sum));
      }
    };
  }

  @Override
  public BatchHessian ofSamples(Curvature curvature) {
    return new BatchHessian() {
      @Override
      public int samples() {
        return batches.samples();
      }

      @Override
      public double[] product(int[] batch, double[] v) {
        batches.derivatives().aim(v);
        double[] sum = new double[size];
        int[] ids = Arrays.stream(batch).map(batches::id).toArray();
        forEachRun(
            ids, batches.largest(), (from, to) -> batches.derivatives().addProduct(curvature, sum));
        return divided(sum, batch.length);
      }
    };
  }

  private interface Run {
    void evaluated(int from, int to);
  }

  /** Evaluates samples in runs of at most {@code most} positions, and passes on which ones. */
  private void forEachRun(int[] ids, int most, Run run) {
    int from = 0;
    while (from < ids.length) {
      int to = from;
      int positions = 0;
      while (to < ids.length && (to == from || positions + batches.length(ids[to]) <= most)) {
        positions += batches.length(ids[to++]);
      }
      batches.evaluate(Arrays.copyOfRange(ids, from, to));
      run.evaluated(from, to);
      from = to;
    }
  }

  /** {@inheritDoc} By P products with unit vectors. */
  @Override
  public double[] dense(Curvature curvature) {
    HessianProduct product = mean(curvature);
    double[] dense = new double[Math.multiplyExact(size, size)];
    for (int i = 0; i < size; i++) {
      double[] unit = new double[size];
      unit[i] = 1;
      System.arraycopy(product.product(unit), 0, dense, i * size, size);
    }
    for (int i = 0; i < size; i++) { // rounding leaves it a little asymmetric
      for (int j = 0; j < i; j++) {
        double both = 0.5 * (dense[i * size + j] + dense[j * size + i]);
        dense[i * size + j] = both;
        dense[j * size + i] = both;
      }
    }
    return dense;
  }

  @Override
  public KroneckerInverse ekfac(long seed) {
    try (Workspace room = backend.workspace(Workspace.plan(backend, this::factors))) {
      return new Ekfac(batches, factors(room), seed).inverse(span);
    }
  }

  private SasRecFactors factors(Allocator allocator) {
    return new SasRecFactors(backend, batches.derivatives(), allocator, batches.capacity());
  }

  @Override
  public void aim(double[]... directions) {
    this.directions = directions.clone();
  }

  @Override
  public GradientScores score(int[] ids) {
    if (directions.length == 0) {
      throw new IllegalStateException("aim first");
    }
    GradientScores result = GradientScores.of(directions.length, ids.length);
    forEachRun(ids, macroBatch, (from, to) -> scoreRun(from, to - from, result));
    return result;
  }

  private void scoreRun(int from, int count, GradientScores result) {
    SasRecDerivatives derivatives = batches.derivatives();
    SampleGradients gradients = derivatives.samples();
    System.arraycopy(gradients.loss(), 0, result.loss(), from, count);
    for (int i = 0; i < count; i++) {
      result.gradNorm()[from + i] = Math.sqrt(gradients.sqNorm()[i]);
    }
    for (int k = 0; k < directions.length; k++) {
      derivatives.aim(directions[k]);
      System.arraycopy(derivatives.slopes(), 0, result.dots()[k], from, count);
    }
  }

  @Override
  public void close() {
    workspace.close();
  }
}
