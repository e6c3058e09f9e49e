// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.Arrays;

/**
 * A number and a bound of the error that float32 arithmetic may have made in it: running error
 * analysis. Each operation adds the propagated errors of its operands and one rounding, {@code
 * 2^-24 |result|}; a sum of n terms may be taken in any order and costs n-1 roundings of the sum of
 * magnitudes; an elementary function may be off by 4 roundings, as vectorised ones are, and may
 * flush results below the normal range to 0.
 *
 * @see <a href="https://doi.org/10.1137/1.9780898718027">Higham 2002</a>, sections 3.1 and 3.3
 */
record Rounded(double value, double error) {
  static final double UNIT = 0x1p-24;
  private static final double FUNCTION = 4 * UNIT;
  private static final double TINY = Float.MIN_NORMAL;

  static Rounded exact(double value) {
    return new Rounded(value, 0);
  }

  static Rounded[] exact(float[] values) {
    Rounded[] out = new Rounded[values.length];
    Arrays.setAll(out, i -> exact(values[i]));
    return out;
  }

  static Rounded[] zeros(int count) {
    Rounded[] out = new Rounded[count];
    Arrays.fill(out, exact(0));
    return out;
  }

  static double[] errors(Rounded[] values) {
    return Arrays.stream(values).mapToDouble(Rounded::error).toArray();
  }

  private static Rounded of(double value, double propagated) {
    double reach = Math.abs(value) + propagated;
    return new Rounded(value, propagated + UNIT * reach + (reach == 0 ? 0 : Float.MIN_VALUE));
  }

  private double reach() {
    return Math.abs(value) + error;
  }

  Rounded plus(Rounded other) {
    return of(value + other.value, error + other.error);
  }

  Rounded minus(Rounded other) {
    return plus(other.negated());
  }

  /** Exact. */
  Rounded negated() {
    return new Rounded(-value, error);
  }

  Rounded times(Rounded other) {
    return of(
        value * other.value,
        Math.abs(value) * other.error + error * Math.abs(other.value) + error * other.error);
  }

  Rounded times(double exactFactor) {
    return times(exact(exactFactor));
  }

  Rounded over(Rounded divisor) {
    double quotient = value / divisor.value;
    double least = Math.abs(divisor.value) - divisor.error;
    double propagated = (error + Math.abs(quotient) * divisor.error) / least;
    return of(quotient, least > 0 ? propagated : Double.POSITIVE_INFINITY);
  }

  Rounded sqrt() {
    double root = Math.sqrt(value);
    double least = root + Math.sqrt(Math.max(0, value - error));
    return of(root, error == 0 ? 0 : error / least);
  }

  /** {@code 1 / sqrt(this)}, also by an approximation refined to a few roundings. */
  Rounded reciprocalRoot() {
    Rounded exact = exact(1).over(sqrt());
    return new Rounded(exact.value, exact.error + FUNCTION * exact.reach());
  }

  private static Rounded function(double value, double propagated) {
    return new Rounded(value, propagated + FUNCTION * (Math.abs(value) + propagated) + TINY);
  }

  Rounded exp() {
    double result = Math.exp(value);
    return function(result, result * Math.expm1(error));
  }

  Rounded log() {
    double relative = error / (value - error);
    return function(Math.log(value), value > error ? relative : Double.POSITIVE_INFINITY);
  }

  /**
   * {@code log(1 + exp(this))}; its slope is below 1, and 1 + exp may be rounded before the log.
   */
  Rounded softplus() {
    return function(ReferenceSampledBce.softplus(value), error + UNIT);
  }

  /** {@code 1 / (1 + exp(-this))} with a small relative error; its slope is s(1-s). */
  Rounded sigmoid() {
    double s = ReferenceSampledBce.sigmoid(value);
    return function(s, s * Math.expm1(error));
  }

  /** Its slope is below 1. */
  Rounded tanh() {
    return function(Math.tanh(value), Math.min(error, 2));
  }

  /** The sum in any order. */
  static Rounded sum(Rounded... terms) {
    Sum sum = new Sum();
    for (Rounded term : terms) {
      sum.add(term);
    }
    return sum.total();
  }

  /** {@code sum_i x[atX+i] y[atY+i]} in any order, fused or not. */
  static Rounded dot(Rounded[] x, int atX, Rounded[] y, int atY, int count) {
    double value = 0;
    double error = 0;
    double magnitude = 0;
    for (int i = 0; i < count; i++) {
      Rounded a = x[atX + i];
      Rounded b = y[atY + i];
      value += a.value * b.value;
      error += Math.abs(a.value) * b.error + a.error * b.reach();
      magnitude += a.reach() * b.reach();
    }
    double underflow = magnitude == 0 ? 0 : count * (double) Float.MIN_VALUE;
    return new Rounded(value, error + count * UNIT * magnitude + underflow);
  }

  /** A sum that grows term by term and may be taken in any order. */
  static final class Sum {
    private double value;
    private double error;
    private double magnitude;
    private int terms;

    void add(Rounded term) {
      value += term.value;
      error += term.error;
      magnitude += term.reach();
      terms++;
    }

    Rounded total() {
      return new Rounded(value, error + Math.max(0, terms - 1) * UNIT * magnitude);
    }

    static Sum[] array(int count) {
      Sum[] sums = new Sum[count];
      Arrays.setAll(sums, i -> new Sum());
      return sums;
    }

    static Rounded[] totals(Sum[] sums) {
      return Arrays.stream(sums).map(Sum::total).toArray(Rounded[]::new);
    }
  }
}
