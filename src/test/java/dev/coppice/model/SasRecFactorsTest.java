// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import static dev.coppice.Closeness.assertClose;

import dev.coppice.SurrogateFixture;
import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.ReferenceBackend;
import dev.coppice.backend.Workspace;
import dev.coppice.data.PackedBatch;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.data.Weighting;
import dev.coppice.solve.KroneckerInverse;
import dev.coppice.solve.SymmetricEigen;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The moments of EK-FAC against sums over explicit pseudo-gradients, in float64. */
class SasRecFactorsTest {
  private static final SurrogateFixture FIXTURE = SurrogateFixture.own();
  private static final SasRecConfig CONFIG = FIXTURE.config();
  private static final int D = CONFIG.hidden();
  private static final double DAMPING = 0.1;

  private record Work(
      Backend backend, ParameterSpan span, SasRecDerivatives at, SasRecFactors factors) {
    static Work of(Backend backend, Allocator a, ParameterSpan span, int t) {
      SasRecDerivatives at = new SasRecDerivatives(backend, span, a, t);
      return new Work(backend, span, at, new SasRecFactors(backend, at, a, t));
    }

    /** The pseudo-gradient of the batch last evaluated, summed over its samples, (P). */
    double[] pseudoGradient(double[] signs) {
      factors.differentiate(signs);
      at.backward().run(at.model(), at.parameters(), at.input(), at.deltas(), at.result(), null);
      new SasRecWeightGradient(backend, span)
          .form(at.model(), at.input(), at.deltas(), null, at.result());
      double[] sum = new double[span.size()];
      span.add(at.result(), sum);
      return sum;
    }
  }

  private static void with(boolean all, Consumer<Work> test) {
    int t = FIXTURE.batch(Weighting.SAMPLE_MEAN).positionCount();
    ParameterSpan span = all ? ParameterSpan.all(CONFIG) : ParameterSpan.lastBlock(CONFIG);
    try (Backend backend = new ReferenceBackend();
        Workspace workspace =
            backend.workspace(Workspace.plan(backend, a -> Work.of(backend, a, span, t)))) {
      Work work = Work.of(backend, workspace, span, t);
      work.at().load(FIXTURE.weights());
      test.accept(work);
    }
  }

  private static double dot(double[] x, double[] y) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += x[i] * y[i];
    }
    return sum;
  }

  /** Pseudo-gradients are linear in the signs, so unit vectors give the expectation exactly. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void expectedSquaresAreTheGaussNewtonMatrix(boolean all) {
    PackedBatch batch = FIXTURE.batch(Weighting.SAMPLE_MEAN);
    with(
        all,
        work -> {
          double[] v = new Random(1).doubles(work.span().size(), -1, 1).toArray();
          work.at().evaluate(batch);
          work.at().aim(v);
          double[] expected = new double[v.length];
          work.at().addProduct(Curvature.GAUSS_NEWTON, expected);
          double[] actual = new double[v.length];
          for (int k = 0; k < 2 * batch.positionCount(); k++) {
            double[] unit = new double[2 * batch.positionCount()];
            unit[k] = 1;
            double[] g = work.pseudoGradient(unit);
            double along = dot(g, v);
            for (int i = 0; i < g.length; i++) {
              actual[i] += along * g[i];
            }
          }
          assertClose("G v", expected, actual, 1e-9);
        });
  }

  private static double[][] bases(int count, int n) {
    double[][] bases = new double[count][];
    for (int k = 0; k < count; k++) {
      double[] a = new double[n * n];
      Random random = new Random(k);
      for (int i = 0; i < n; i++) {
        for (int j = 0; j <= i; j++) {
          a[i * n + j] = random.nextGaussian();
          a[j * n + i] = a[i * n + j];
        }
      }
      bases[k] = SymmetricEigen.vectors(n, a);
    }
    return bases;
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void eigenvaluesAndDiagonalAreSumsOfSquaresOverSamples(boolean all) {
    SurrogateSamples samples = FIXTURE.samples();
    PackedBatch batch = FIXTURE.batch(Weighting.SAMPLE_MEAN);
    int t = batch.positionCount();
    double[] signs = new Random(2).doubles(2 * t).map(u -> u < 0.5 ? -1 : 1).toArray();
    with(
        all,
        work -> {
          List<String> names = work.factors().layers();
          double[][] inputs = bases(names.size(), D + 1);
          double[][] outputs = bases(names.size(), D);
          double[][] actual = new double[names.size()][D * (D + 1)];
          double[] diagonal = new double[work.span().size()];
          work.at().evaluate(batch);
          work.factors().differentiate(signs);
          work.factors().addEigenvalues(inputs, outputs, actual);
          work.factors().addDiagonal(diagonal);
          double[][] expected = new double[names.size()][D * (D + 1)];
          double[] squares = new double[work.span().size()];
          for (int s = 0; s < batch.sampleCount(); s++) {
            int from = batch.offsets()[s];
            int to = batch.offsets()[s + 1];
            double[] own = new double[2 * (to - from)];
            System.arraycopy(signs, from, own, 0, to - from);
            System.arraycopy(signs, t + from, own, to - from, to - from);
            work.at()
                .evaluate(samples.batch(new int[] {batch.samples()[s]}, 0, Weighting.SAMPLE_MEAN));
            double[] g = work.pseudoGradient(own);
            for (int i = 0; i < g.length; i++) {
              squares[i] += g[i] * g[i];
            }
            for (int k = 0; k < names.size(); k++) {
              addProjected(work.span(), names.get(k), g, inputs[k], outputs[k], expected[k]);
            }
          }
          for (int k = 0; k < names.size(); k++) {
            assertClose(names.get(k), expected[k], actual[k], 1e-11);
            int weight = work.span().places().get(names.get(k) + ".weight");
            int bias = work.span().places().get(names.get(k) + ".bias");
            Arrays.fill(squares, weight, weight + D * D, 0);
            Arrays.fill(squares, bias, bias + D, 0);
          }
          assertClose("diagonal", squares, diagonal, 1e-11);
        });
  }

  /** {@code sum += (U_S^T G U_A)^2} with G the layer's part of g, the bias its last column. */
  private static void addProjected(
      ParameterSpan span, String name, double[] g, double[] ua, double[] us, double[] sum) {
    int weight = span.places().get(name + ".weight");
    int bias = span.places().get(name + ".bias");
    int wide = D + 1;
    for (int p = 0; p < D; p++) {
      for (int q = 0; q < wide; q++) {
        double form = 0;
        for (int o = 0; o < D; o++) {
          for (int i = 0; i < wide; i++) {
            double element = i < D ? g[weight + o * D + i] : g[bias + o];
            form += us[o * D + p] * element * ua[i * wide + q];
          }
        }
        sum[p * wide + q] += form * form;
      }
    }
  }

  /** One position makes {@code g g^T} of each layer a Kronecker product, and EK-FAC exact. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void oneSampleOfOnePositionIsInvertedExactly(boolean all) {
    PackedBatch one =
        new PackedBatch(
            new int[] {0},
            new int[] {0, 1},
            new int[] {3},
            new int[] {5},
            new int[] {7},
            new int[] {CONFIG.maxLen() - 1},
            new double[] {1});
    double[] signs = {1, -1};
    with(
        all,
        work -> {
          work.at().evaluate(one);
          double[] g = work.pseudoGradient(signs);
          int count = work.factors().layers().size();
          double[][] inputs = new double[count][(D + 1) * (D + 1)];
          double[][] outputs = new double[count][D * D];
          double[][] lambda = new double[count][D * (D + 1)];
          work.factors().differentiate(signs);
          work.factors().addCovariances(inputs, outputs);
          for (int k = 0; k < count; k++) {
            inputs[k] = SymmetricEigen.vectors(D + 1, inputs[k]);
            outputs[k] = SymmetricEigen.vectors(D, outputs[k]);
          }
          work.factors().addEigenvalues(inputs, outputs, lambda);
          double[] r = new Random(3).doubles(g.length, -1, 1).toArray();
          for (int k = 0; k < count; k++) {
            String name = work.factors().layers().get(k);
            int weight = work.span().places().get(name + ".weight");
            int bias = work.span().places().get(name + ".bias");
            KroneckerInverse inverse =
                new KroneckerInverse(
                    new double[g.length],
                    List.of(
                        new KroneckerInverse.Layer(
                            weight, bias, D, D, inputs[k], outputs[k], lambda[k])));
            double[] part = layer(g, weight, bias);
            double[] right = layer(r, weight, bias);
            double factor = dot(part, right) / (DAMPING + dot(part, part));
            double[] expected = new double[part.length];
            for (int i = 0; i < part.length; i++) {
              expected[i] = (right[i] - factor * part[i]) / DAMPING;
            }
            assertClose(name, expected, layer(inverse.solve(DAMPING, r), weight, bias), 1e-9);
          }
        });
  }

  private static double[] layer(double[] v, int weight, int bias) {
    double[] part = Arrays.copyOfRange(v, weight, weight + D * D + D);
    System.arraycopy(v, bias, part, D * D, D);
    return part;
  }
}
