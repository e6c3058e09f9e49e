// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Exact: every value of the 16-bit types is a float32. */
class ConvertTest extends OpParityTest {
  static OpCase convert(DType type, int n) {
    Inputs inputs = new Inputs(n, false);
    OpCase op = new OpCase("convert " + type);
    op =
        type == DType.F32
            ? op.in("src", inputs.gaussian(n), n)
            : op.half("src", type, inputs.halves(type, n), n);
    return op.out("dst", n)
        .rows("src", "dst")
        .anyRank()
        .call((backend, t) -> backend.convert(t.get("src"), t.get("dst")));
  }

  @Override
  Stream<OpCase> cases() {
    return IntStream.of(0, 1, 2, 7, 31, 32, 33, 63, 64, 65, 255, 257, 7919)
        .boxed()
        .flatMap(n -> Stream.of(DType.F32, DType.BF16, DType.F16).map(type -> convert(type, n)));
  }

  @Override
  Stream<OpCase> small() {
    return Stream.of(convert(DType.F32, 5), convert(DType.BF16, 5), convert(DType.F16, 5));
  }

  @Override
  Stream<OpCase> separable() {
    return Stream.of(convert(DType.F32, 35), convert(DType.BF16, 35), convert(DType.F16, 35));
  }

  @Test
  void decodesEveryBitPattern() {
    short[] patterns = new short[1 << 16];
    for (int i = 0; i < patterns.length; i++) {
      patterns[i] = (short) i;
    }
    for (DType type : new DType[] {DType.BF16, DType.F16}) {
      OpCase op = convert(type, patterns.length);
      op = op.with(List.of(op.args.get("src").with(patterns)));
      double[] expected = OpRun.onReference(op).floats().get("dst");
      for (Backends.Candidate candidate : Backends.available()) {
        try (Backend backend = candidate.open()) {
          // One NaN stands for all in doubleToLongBits; the sign of zero counts.
          Tolerance.assertSameBits(
              op + " on " + candidate.label(),
              expected,
              OpRun.outcome(backend, op).floats().get("dst"));
        }
      }
    }
  }
}
