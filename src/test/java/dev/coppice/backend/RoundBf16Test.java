// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static dev.coppice.backend.nativelib.Coppice.cop_round_bf16;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code cop_round_bf16}, which only the product of a GPU calls, against the definition. */
class RoundBf16Test {
  private static final int CANARY = 0x5a5a5a5a;

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 7, 256, 257, 70_001})
  void roundsToTheNearestWithTiesToEven(int count) {
    float[] values = values(count);
    for (Backends.Candidate candidate : Backends.available()) {
      try (NativeBackend backend = (NativeBackend) candidate.open();
          Workspace work = backend.workspace(1 << 20)) {
        Tensor source = work.f32(Math.max(1, count));
        Tensor target = work.i32(count / 2 + 1);
        source.write(Arrays.copyOf(values, Math.max(1, count)));
        int[] canary = new int[count / 2 + 1];
        Arrays.fill(canary, CANARY);
        target.write(canary);
        NativeBackend.check(
            cop_round_bf16(backend.context(), count, source.address(), target.address()));
        int[] actual = target.ints();
        for (int i = 0; i < 2 * actual.length; i++) {
          int bits = actual[i / 2] >>> 16 * (i % 2) & 0xffff;
          String what = candidate.label() + ": " + (i < count ? values[i] : "behind the end");
          if (i < count && Float.isNaN(values[i])) {
            assertTrue(Float.isNaN(Float.intBitsToFloat(bits << 16)), what);
          } else {
            assertEquals(i < count ? nearest(values[i]) : CANARY & 0xffff, bits, what);
          }
        }
      }
    }
  }

  /** The two neighbours of the same sign, compared exactly; infinity stands for 2^128. */
  private static int nearest(float value) {
    int below = Float.floatToRawIntBits(value) >>> 16;
    if (Float.isInfinite(value)) {
      return below;
    }
    double low = Math.abs(value(below));
    double high = Math.abs(value(below + 1));
    double down = Math.abs((double) value) - low;
    double up = high - Math.abs((double) value);
    return down < up || (down == up && below % 2 == 0) ? below : below + 1;
  }

  private static double value(int bits) {
    float value = Float.intBitsToFloat(bits << 16);
    return Float.isInfinite(value) ? Math.copySign(0x1p128, value) : value;
  }

  /** Ties, their neighbours, and what is not finite, in front; then random numbers. */
  private static float[] values(int count) {
    float[] values = new Inputs(17, false).gaussian(count);
    int at = 0;
    int[] uppers = {0x3f80, 0x3f81, 0xbf81, 0x0000, 0x8000, 0x007f, 0x7f7f, 0xff7f, 0x7f80, 0xff80};
    for (int upper : uppers) {
      for (int lower : new int[] {0x8000, 0x7fff, 0x8001, 0, 0xffff, 1}) {
        if (at < count) {
          values[at++] = Float.intBitsToFloat(upper << 16 | lower);
        }
      }
    }
    return values;
  }
}
