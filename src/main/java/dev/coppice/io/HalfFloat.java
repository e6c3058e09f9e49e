// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

/** IEEE 754 binary16, which Java 17 has no conversion for. */
final class HalfFloat {
  private HalfFloat() {}

  /** The value of 16 bits, exactly; infinities and NaN stay what they are. */
  static float toFloat(short bits) {
    int sign = bits & 0x8000;
    int exponent = (bits >>> 10) & 0x1f;
    int fraction = bits & 0x3ff;
    if (exponent == 0) {
      float magnitude = fraction * 0x1p-24f;
      return sign == 0 ? magnitude : -magnitude;
    }
    int wide = exponent == 31 ? 0xff : exponent + 127 - 15;
    return Float.intBitsToFloat(sign << 16 | wide << 23 | fraction << 13);
  }
}
