// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.Arrays;

/** Definition of {@link CoreOps#gemm}. */
final class ReferenceGemm {
  private ReferenceGemm() {}

  /** {@code c[i,j] = alpha sum_p op(a)[i,p] op(b)[p,j] + beta c[i,j]}, p ascending. */
  static void gemm(
      boolean transA,
      boolean transB,
      int m,
      int n,
      int k,
      double alpha,
      double[] a,
      double[] b,
      double beta,
      double[] c) {
    double[] row = new double[n];
    for (int i = 0; i < m; i++) {
      Arrays.fill(row, 0);
      for (int p = 0; p < k; p++) {
        double factor = transA ? a[p * m + i] : a[i * k + p];
        for (int j = 0; j < n; j++) {
          row[j] += factor * (transB ? b[j * k + p] : b[p * n + j]);
        }
      }
      for (int j = 0; j < n; j++) {
        int at = i * n + j;
        // What c holds may be NaN where beta is 0, and must not reach the result.
        c[at] = alpha * row[j] + (beta == 0 ? 0 : beta * c[at]);
      }
    }
  }
}
