// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@link GemmTest} does not see of the calls of cuBLAS: rounding, errors, lifetimes. */
class CublasProductTest {
  private static final CublasProduct.Limits LIMITS = CublasProduct.Limits.DEFAULT;

  @BeforeEach
  void needsTheDouble() {
    assumeTrue(!Backends.withCublas().isEmpty(), "no emulated device, or no double of cuBLAS");
  }

  /** Products of the rounded inputs, each exact in float32, so that one rounding is left. */
  @ParameterizedTest
  @CsvSource({"FP32, 24", "TF32, 11", "BF16, 8"})
  void roundsTheInputsToThePrecision(Precision precision, int bits) {
    float[] values = new Inputs(5, false).gaussian(64);
    for (boolean left : new boolean[] {true, false}) {
      try (Backend backend = Backends.onDouble(precision, LIMITS);
          Workspace work = backend.workspace(4096)) {
        Tensor one = work.f32(1, 1);
        Tensor many = work.f32(left ? new int[] {64, 1} : new int[] {1, 64});
        Tensor c = work.f32(left ? new int[] {64, 1} : new int[] {1, 64});
        one.write(new float[] {1});
        many.write(values);
        backend.gemm(false, false, 1, left ? many : one, left ? one : many, 0, c);
        double[] actual = c.doubles();
        for (int i = 0; i < values.length; i++) {
          assertEquals(rounded(values[i], bits), actual[i], precision + " of " + values[i]);
        }
      }
    }
  }

  /** The double sums in one order, so that only the way of rounding could make a difference. */
  @ParameterizedTest
  @CsvSource({"true, 16777216", "false, 16777216", "true, 40", "false, 40"})
  void brainWeightsAreMultipliedAsTheyAre(boolean transB, long slab) {
    GemmTest.Form half = new GemmTest.Form(false, transB, -0.7f, 1.3f, DType.BF16);
    CublasProduct.Limits limits = new CublasProduct.Limits(slab, 512, 1 << 20);
    try (Backend backend = Backends.onDouble(Precision.BF16, limits)) {
      for (int[] s : new int[][] {{1, 1, 1}, {9, 7, 13}, {33, 65, 2}, {64, 64, 64}, {5, 3, 0}}) {
        OpCase brain = GemmTest.gemm(half, s[0], s[1], s[2], false);
        OpCase wide = brain.with(List.of(widened(brain.args.get("b"))));
        double[] expected = OpRun.outcome(backend, wide).floats().get("c");
        double[] actual = OpRun.outcome(backend, brain).floats().get("c");
        Tolerance.assertSameBits(brain.toString(), expected, actual);
      }
    }
  }

  private static OpCase.Arg widened(OpCase.Arg half) {
    short[] bits = (short[]) half.values();
    float[] values = new float[bits.length];
    for (int i = 0; i < bits.length; i++) {
      values[i] = Float.intBitsToFloat(bits[i] << 16);
    }
    return new OpCase.Arg(half.name(), half.role(), DType.F32, half.dims(), values, half.outer());
  }

  /** To the nearest number of so many significant bits, ties to even. */
  private static double rounded(float value, int bits) {
    double unit = Math.scalb(1.0, Math.getExponent(value) - bits + 1);
    return Math.rint(value / unit) * unit;
  }

  @Test
  void theDescriptionNamesLibraryAndPrecision() {
    try (Backend full = Backends.onDouble(Precision.FP32, LIMITS);
        Backend tensor = Backends.onDouble(Precision.TF32, LIMITS)) {
      assertTrue(full.description().endsWith(", cuBLAS 13.99.0"), full.description());
      assertTrue(tensor.description().endsWith(", cuBLAS 13.99.0 in tf32"), tensor.description());
    }
  }

  @Test
  void aFailureNamesTheCallAndLeavesTheBackendUsableWhereItWasForWantOfMemory() {
    try (Backend backend = Backends.onDouble(Precision.FP32, LIMITS);
        Workspace work = backend.workspace(1 << 17)) {
      Tensor a = work.f32(1, 9001);
      Tensor c = work.f32(1, 1);
      a.write(ones(9001));
      Exception failure =
          assertThrows(
              OutOfDeviceMemoryException.class, () -> backend.gemm(false, true, 1, a, a, 0, c));
      assertTrue(
          failure.getMessage().contains("CUBLAS_STATUS_ALLOC_FAILED (3)"), failure::getMessage);
      assertTrue(failure.getMessage().startsWith("cublasLtMatmul "), failure::getMessage);
      Tensor less = a.slice(0, 1, 9000);
      backend.gemm(false, true, 1, less, less, 0, c);
      assertEquals(9000, c.floats()[0]);
    }
  }

  @Test
  void aFailureOfTheDeviceIsToldAsOne() {
    try (Backend backend = Backends.onDouble(Precision.FP32, LIMITS);
        Workspace work = backend.workspace(1 << 17)) {
      Tensor a = work.f32(1, 9002);
      Tensor c = work.f32(1, 1);
      a.write(ones(9002));
      Exception failure =
          assertThrows(
              DeviceFailureException.class, () -> backend.gemm(false, true, 1, a, a, 0, c));
      assertTrue(
          failure.getMessage().contains("CUBLAS_STATUS_EXECUTION_FAILED (13)"),
          failure::getMessage);
    }
  }

  @Test
  void whatIsHeldForLaterIsNoLiveMemoryAndEndsWithTheBackend() {
    Backend backend = Backends.onDouble(Precision.FP32, LIMITS);
    try (Workspace work = backend.workspace(1 << 18)) {
      long before = backend.liveBytes();
      Tensor a = work.f32(2000, 4);
      Tensor c = work.f32(4, 4);
      a.write(ones(8000));
      backend.gemm(true, false, 1, a, a, 0, c); // cut, so that partial results are kept
      assertEquals(before, backend.liveBytes());
      assertEquals(2000, c.floats()[0]);
      assertThrows(IllegalStateException.class, backend::close);
      backend.gemm(true, false, 1, a, a, 0, c); // a refused close changes nothing
      assertEquals(2000, c.floats()[15]);
    }
    backend.close();
    backend.close();
    assertThrows(IllegalStateException.class, backend::liveBytes);
  }

  @Test
  void twoBackendsDoNotShareAnything() {
    Backend first = Backends.onDouble(Precision.FP32, LIMITS);
    try (Backend second = Backends.onDouble(Precision.BF16, LIMITS);
        Workspace work = second.workspace(1 << 12)) {
      Tensor a = work.f32(1, 1);
      Tensor c = work.f32(1, 1);
      a.write(new float[] {3});
      first.close();
      second.gemm(false, false, 1, a, a, 0, c);
      assertEquals(9, c.floats()[0]);
    }
  }

  /** The double offers an algorithm for many columns first: it must not be taken. */
  @Test
  void oneAlgorithmServesEveryNumberOfRows() {
    try (Backend backend = Backends.onDouble(Precision.FP32, LIMITS);
        Workspace work = backend.workspace(1 << 20)) {
      Tensor a = work.f32(300, 8);
      Tensor b = work.f32(8, 5);
      Tensor c = work.f32(300, 5);
      a.write(new Inputs(1, false).gaussian(2400));
      b.write(new Inputs(2, false).gaussian(40));
      backend.gemm(false, false, 1, a, b, 0, c);
      float[] all = c.floats();
      for (int row : new int[] {0, 7, 299}) {
        Tensor one = c.rows(row, 1);
        backend.fill(one, -1);
        backend.gemm(false, false, 1, a.rows(row, 1), b, 0, one);
        assertEquals(
            Arrays.toString(Arrays.copyOfRange(all, 5 * row, 5 * row + 5)),
            Arrays.toString(one.floats()));
      }
    }
  }

  private static float[] ones(int count) {
    float[] values = new float[count];
    Arrays.fill(values, 1);
    return values;
  }
}
