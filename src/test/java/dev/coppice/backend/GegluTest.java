// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.stream.Stream;

class GegluTest extends OpParityTest {
  private static final double SLOPE = 2 * Math.sqrt(2 / Math.PI);
  private static final double CUBIC = 0.044715;

  static final GatedUnit UNIT =
      new GatedUnit("gegluForward", "gegluBackward") {
        @Override
        void forward(Backend backend, Tensor gate, Tensor up, Tensor out) {
          backend.gegluForward(gate, up, out);
        }

        @Override
        void backward(
            Backend backend, Tensor dout, Tensor gate, Tensor up, Tensor dgate, Tensor dup) {
          backend.gegluBackward(dout, gate, up, dgate, dup);
        }

        @Override
        Rounded argument(Rounded x) {
          Rounded inner = constant(CUBIC).times(x).times(x).plus(Rounded.exact(1));
          return constant(SLOPE).times(x).times(inner);
        }

        @Override
        Rounded timesRate(Rounded y, Rounded x) {
          Rounded inner = constant(3 * CUBIC).times(x).times(x).plus(Rounded.exact(1));
          return y.times(inner.times(constant(SLOPE)));
        }
      };

  /** A number that float32 holds with one rounding, or as a product of two. */
  private static Rounded constant(double value) {
    return new Rounded(value, 2 * Rounded.UNIT * value);
  }

  @Override
  Stream<OpCase> cases() {
    return UNIT.cases();
  }

  @Override
  Stream<OpCase> small() {
    return UNIT.small();
  }

  @Override
  Stream<OpCase> separable() {
    return UNIT.separable();
  }
}
