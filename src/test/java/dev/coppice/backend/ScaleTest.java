// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Bound: one product. */
class ScaleTest extends OpParityTest {
  static OpCase scale(int n, boolean absolute) {
    return new OpCase("scale")
        .inOut("x", new Inputs(n, absolute).gaussian(n), n)
        .rows("x")
        .free("x")
        .anyRank()
        .call((backend, t) -> backend.scale(-0.7f, t.get("x")))
        .depth(1);
  }

  @Override
  Stream<OpCase> cases() {
    return IntStream.of(0, 1, 2, 7, 31, 32, 33, 63, 64, 65, 255, 256, 257, 7919, 200_003)
        .boxed()
        .flatMap(n -> Stream.of(scale(n, false), scale(n, true)));
  }

  @Override
  Stream<OpCase> small() {
    return Stream.of(scale(5, false));
  }

  /** Whether an element is in a vector register or in the tail must not show. */
  @Override
  Stream<OpCase> separable() {
    return Stream.of(scale(77, false));
  }
}
