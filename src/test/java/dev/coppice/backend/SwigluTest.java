// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.stream.Stream;

class SwigluTest extends OpParityTest {
  static final GatedUnit UNIT =
      new GatedUnit("swigluForward", "swigluBackward") {
        @Override
        void forward(Backend backend, Tensor gate, Tensor up, Tensor out) {
          backend.swigluForward(gate, up, out);
        }

        @Override
        void backward(
            Backend backend, Tensor dout, Tensor gate, Tensor up, Tensor dgate, Tensor dup) {
          backend.swigluBackward(dout, gate, up, dgate, dup);
        }

        @Override
        Rounded argument(Rounded x) {
          return x;
        }

        @Override
        Rounded timesRate(Rounded y, Rounded x) {
          return y;
        }
      };

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
