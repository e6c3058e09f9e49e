// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.data.PackedBatch;
import dev.coppice.model.ParameterSpan;
import dev.coppice.model.SasRecFactors;
import dev.coppice.random.Philox;
import dev.coppice.random.Purpose;
import dev.coppice.solve.KroneckerInverse;
import dev.coppice.solve.SymmetricEigen;
import java.util.ArrayList;
import java.util.List;

/**
 * EK-FAC of the mean Gauss-Newton matrix: one pass over the samples for the factors A and S of each
 * linear layer, whose eigenvectors are the bases, and one for the eigenvalues in these bases and
 * the diagonal of all other tensors. Both draw the same signs.
 *
 * @see <a href="https://arxiv.org/abs/1806.03884">George et al. 2018</a>
 */
final class Ekfac {
  private final SpanBatches batches;
  private final SasRecFactors factors;
  private final long seed;

  Ekfac(SpanBatches batches, SasRecFactors factors, long seed) {
    this.batches = batches;
    this.factors = factors;
    this.seed = seed;
  }

  KroneckerInverse inverse(ParameterSpan span) {
    int d = span.config().hidden();
    List<String> names = factors.layers();
    double[][] inputs = new double[names.size()][(d + 1) * (d + 1)];
    double[][] outputs = new double[names.size()][d * d];
    for (int m = 0; m < batches.count(); m++) {
      differentiate(m);
      factors.addCovariances(inputs, outputs);
    }
    for (int k = 0; k < names.size(); k++) {
      inputs[k] = SymmetricEigen.vectors(d + 1, inputs[k]);
      outputs[k] = SymmetricEigen.vectors(d, outputs[k]);
    }
    double[][] eigenvalues = new double[names.size()][d * (d + 1)];
    double[] diagonal = new double[span.size()];
    for (int m = 0; m < batches.count(); m++) {
      differentiate(m);
      factors.addEigenvalues(inputs, outputs, eigenvalues);
      factors.addDiagonal(diagonal);
    }
    divide(diagonal);
    List<KroneckerInverse.Layer> layers = new ArrayList<>();
    for (int k = 0; k < names.size(); k++) {
      divide(eigenvalues[k]);
      int weight = span.places().get(names.get(k) + ".weight");
      int bias = span.places().get(names.get(k) + ".bias");
      layers.add(
          new KroneckerInverse.Layer(weight, bias, d, d, inputs[k], outputs[k], eigenvalues[k]));
    }
    return new KroneckerInverse(diagonal, layers);
  }

  private void divide(double[] sum) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] /= batches.samples();
    }
  }

  private void differentiate(int m) {
    batches.evaluate(m);
    factors.differentiate(signs(batches.batch(m), seed));
  }

  /** Bit 0 of words 0 and 1 at (EKFAC, sample, position, 0): 0 is 1, 1 is -1. */
  static double[] signs(PackedBatch batch, long seed) {
    int t = batch.positionCount();
    double[] signs = new double[2 * t];
    int[] words = new int[4];
    for (int s = 0; s < batch.sampleCount(); s++) {
      for (int i = batch.offsets()[s]; i < batch.offsets()[s + 1]; i++) {
        Philox.block(
            (int) seed,
            (int) (seed >>> 32),
            Purpose.EKFAC,
            batch.samples()[s],
            i - batch.offsets()[s],
            0,
            words);
        signs[i] = 1 - 2 * (words[0] & 1);
        signs[t + i] = 1 - 2 * (words[1] & 1);
      }
    }
    return signs;
  }
}
