// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import dev.coppice.random.Philox;
import dev.coppice.random.Purpose;

/** Definition of the dropout masks; see {@link Dropout}. */
final class ReferenceDropout {
  private ReferenceDropout() {}

  /**
   * Factor of one element: 0, or {@code 1/(1-rate)} when kept.
   *
   * @param site the dropout's site, plus 65536 h for head h of an attention
   * @param index element index, as an unsigned 32-bit word
   */
  static double factor(Dropout dropout, int site, int index) {
    if (dropout.rate() == 0) {
      return 1;
    }
    long word =
        Philox.firstWord(dropout.seed(), Purpose.DROPOUT, dropout.step(), site, index)
            & 0xffffffffL;
    return word >= dropout.rate() * 0x1p32 ? 1 / (1 - (double) dropout.rate()) : 0;
  }

  /** The mask on packed rows: element i of x has index i. A dropped NaN is 0. */
  static double[] apply(Dropout dropout, double[] x) {
    double[] out = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      double factor = factor(dropout, dropout.site(), (int) (dropout.first() + i));
      out[i] = factor == 0 ? 0 : x[i] * factor;
    }
    return out;
  }
}
