// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

/** Definitions of the gather and scatter of table rows. */
final class ReferenceEmbedding {
  private ReferenceEmbedding() {}

  /** {@code out[t,d] = table[ids[t],d]}, or {@code +=}. */
  static void forward(int[] ids, int width, double[] table, boolean accumulate, double[] out) {
    for (int t = 0; t < ids.length; t++) {
      for (int d = 0; d < width; d++) {
        double before = accumulate ? out[t * width + d] : 0;
        out[t * width + d] = before + table[ids[t] * width + d];
      }
    }
  }

  /** {@code dtable[rows[r],d] += sum_j coef[order[j]] src[order[j],d]}, j over segment r. */
  static void backward(
      int[] rows,
      int[] segments,
      int[] order,
      double[] coef,
      int width,
      double[] src,
      double[] dtable) {
    for (int r = 0; r < rows.length; r++) {
      for (int j = segments[r]; j < segments[r + 1]; j++) {
        int t = order[j];
        for (int d = 0; d < width; d++) {
          double weight = coef == null ? 1 : coef[t];
          dtable[rows[r] * width + d] += weight * src[t * width + d];
        }
      }
    }
  }
}
