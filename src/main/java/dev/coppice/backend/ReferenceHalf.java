// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

/** Values of the 16-bit float types of checkpoints; every one is exact in float64. */
final class ReferenceHalf {
  private ReferenceHalf() {}

  /** bfloat16: the upper half of a float32. */
  static double bf16(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
  static double f16(short bits) {
    int exponent = (bits >> 10) & 0x1f;
    int fraction = bits & 0x3ff;
    double sign = bits < 0 ? -1 : 1;
    if (exponent == 0x1f) {
      return fraction == 0 ? sign * Double.POSITIVE_INFINITY : Double.NaN;
    }
    if (exponent == 0) {
      return sign * Math.scalb((double) fraction, -24);
    }
    return sign * Math.scalb((double) (0x400 + fraction), exponent - 25);
  }
}
