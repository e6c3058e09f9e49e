// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.Arrays;
import java.util.Random;

/** Seeded test data: signed, so that sums cancel, or absolute, so that bounds are tight. */
final class Inputs {
  private final Random random;
  private final boolean absolute;

  Inputs(long seed, boolean absolute) {
    this.random = new Random(seed);
    this.absolute = absolute;
  }

  float[] gaussian(int count) {
    return gaussian(count, 1);
  }

  float[] gaussian(int count, double deviation) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      double value = deviation * random.nextGaussian();
      values[i] = (float) (absolute ? Math.abs(value) : value);
    }
    return values;
  }

  /** Uniform in 0..bound-1. */
  int[] ids(int count, int bound) {
    return random.ints(count, 0, bound).toArray();
  }

  /** Small integers as floats: their products and sums are exact in float32. */
  float[] integers(int count, int magnitude) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = random.nextInt(2 * magnitude + 1) - magnitude;
    }
    return values;
  }

  /** Finite values of BF16 or F16, as bits. */
  short[] halves(DType dtype, int count) {
    short[] bits = new short[count];
    float[] values = gaussian(count);
    for (int i = 0; i < count; i++) {
      int word = Float.floatToIntBits(values[i]);
      if (dtype == DType.BF16) {
        bits[i] = (short) (word >>> 16);
      } else {
        int exponent = Math.max(1, Math.min(30, ((word >>> 23) & 0xff) - 112));
        bits[i] = (short) (((word >>> 16) & 0x8000) | exponent << 10 | ((word >>> 13) & 0x3ff));
      }
    }
    return bits;
  }

  /** Packed offsets of samples with these lengths. */
  static int[] offsets(int... lengths) {
    int[] offsets = new int[lengths.length + 1];
    for (int b = 0; b < lengths.length; b++) {
      offsets[b + 1] = offsets[b] + lengths[b];
    }
    return offsets;
  }

  /** Where the lower triangle of each sample starts. */
  static int[] triangles(int... lengths) {
    int[] sizes = Arrays.stream(lengths).map(n -> n * (n + 1) / 2).toArray();
    return Arrays.copyOf(offsets(sizes), lengths.length);
  }
}
