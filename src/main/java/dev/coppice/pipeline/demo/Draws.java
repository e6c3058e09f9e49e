// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline.demo;

import dev.coppice.random.Philox;
import dev.coppice.random.Purpose;

/** The random draws of one thing that the demonstration makes: a = kind, b = index, c = draw. */
final class Draws {
  /** Sequence of a user; index: the user. */
  static final int USER = 0;

  /** Successors of an item; index: the item. */
  static final int ITEM = 1;

  /** Weights of a tensor; index: its place in the checkpoint. */
  static final int TENSOR = 2;

  private final long seed;
  private final int kind;
  private final int index;
  private int count;

  Draws(long seed, int kind, int index) {
    this.seed = seed;
    this.kind = kind;
    this.index = index;
  }

  /** Uniform in [0, 1). */
  double uniform() {
    return Philox.uniform(seed, Purpose.DEMO, kind, index, count++);
  }

  /** Uniform in 0..bound-1. */
  int below(int bound) {
    return Philox.below(bound, seed, Purpose.DEMO, kind, index, count++);
  }

  /** Standard normal, by Box and Muller; the same bits on every machine. */
  double normal() {
    double radius = Math.sqrt(-2 * StrictMath.log(1 - uniform()));
    return radius * StrictMath.cos(2 * Math.PI * uniform());
  }

  /** An index with probability proportional to the differences of {@code cumulative}. */
  int weighted(double[] cumulative) {
    double point = uniform() * cumulative[cumulative.length - 1];
    int index = 0;
    while (index < cumulative.length - 1 && cumulative[index] <= point) {
      index++;
    }
    return index;
  }

  /** Running sums of {@code (k+1)^-exponent}: Zipf's law over {@code count} ranks. */
  static double[] zipf(int count, double exponent) {
    double[] cumulative = new double[count];
    double sum = 0;
    for (int k = 0; k < count; k++) {
      sum += StrictMath.pow(k + 1, -exponent);
      cumulative[k] = sum;
    }
    return cumulative;
  }
}
