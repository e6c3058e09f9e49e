// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Cases of {@code out = x sigmoid(z(x)) up} and its gradient, x the gate. Bounds: running error
 * analysis; 1 - sigmoid may be formed by subtraction.
 */
abstract class GatedUnit {
  private static final Rounded ONE = Rounded.exact(1);

  private final String forwardName;
  private final String backwardName;

  GatedUnit(String forwardName, String backwardName) {
    this.forwardName = forwardName;
    this.backwardName = backwardName;
  }

  abstract void forward(Backend backend, Tensor gate, Tensor up, Tensor out);

  abstract void backward(
      Backend backend, Tensor dout, Tensor gate, Tensor up, Tensor dgate, Tensor dup);

  /** z(x). */
  abstract Rounded argument(Rounded x);

  /** dz/dx times y. */
  abstract Rounded timesRate(Rounded y, Rounded x);

  OpCase forward(int n, boolean inPlace, boolean absolute) {
    Inputs inputs = new Inputs(n, absolute);
    float[] gate = inputs.gaussian(n, 3);
    OpCase op = new OpCase(forwardName);
    op = inPlace ? op.inOut("gate", gate, n) : op.in("gate", gate, n).out("out", n);
    return op.in("up", inputs.gaussian(n), n)
        .rows("gate", "up", "out")
        .call(
            (backend, t) ->
                forward(backend, t.get("gate"), t.get("up"), t.get(inPlace ? "gate" : "out")))
        .rounded(
            c -> {
              Rounded[] out = new Rounded[n];
              for (int i = 0; i < n; i++) {
                Rounded x = c.exact("gate")[i];
                out[i] = x.times(argument(x).sigmoid()).times(c.exact("up")[i]);
              }
              return Map.of(inPlace ? "gate" : "out", out);
            });
  }

  OpCase backward(int n, boolean inPlace, boolean absolute) {
    Inputs inputs = new Inputs(n, absolute);
    float[] gate = inputs.gaussian(n, 3);
    float[] up = inputs.gaussian(n);
    OpCase op = new OpCase(backwardName).in("dout", inputs.gaussian(n), n);
    op =
        inPlace
            ? op.inOut("gate", gate, n).inOut("up", up, n)
            : op.in("gate", gate, n).in("up", up, n).out("dgate", n).out("dup", n);
    return op.rows("dout", "gate", "up", "dgate", "dup")
        .call(
            (backend, t) ->
                backward(
                    backend,
                    t.get("dout"),
                    t.get("gate"),
                    t.get("up"),
                    t.get(inPlace ? "gate" : "dgate"),
                    t.get(inPlace ? "up" : "dup")))
        .rounded(c -> backwardErrors(c, inPlace ? "gate" : "dgate", inPlace ? "up" : "dup"));
  }

  private Map<String, Rounded[]> backwardErrors(OpCase c, String dgate, String dup) {
    Rounded[] gate = new Rounded[c.dim("gate", 0)];
    Rounded[] up = new Rounded[gate.length];
    for (int i = 0; i < gate.length; i++) {
      Rounded dout = c.exact("dout")[i];
      Rounded x = c.exact("gate")[i];
      Rounded s = argument(x).sigmoid();
      Rounded slope = timesRate(ONE.minus(s).times(x), x).plus(ONE).times(s);
      gate[i] = dout.times(c.exact("up")[i]).times(slope);
      up[i] = dout.times(x.times(s));
    }
    return Map.of(dgate, gate, dup, up);
  }

  private List<OpCase> all(int n, boolean absolute) {
    List<OpCase> cases = new ArrayList<>();
    for (boolean inPlace : new boolean[] {false, true}) {
      cases.add(forward(n, inPlace, absolute));
      cases.add(backward(n, inPlace, absolute));
    }
    return cases;
  }

  /** Gates far from 0. */
  private static OpCase extreme(OpCase op) {
    float[] gate = {-200, -90, -80, -30, 0, 30, 80, 90, 200};
    return op.with(List.of(op.args.get("gate").with(gate)));
  }

  Stream<OpCase> cases() {
    Stream<OpCase> sizes =
        IntStream.of(0, 1, 2, 7, 31, 32, 33, 63, 64, 65, 255, 256, 257, 7919, 100_003)
            .boxed()
            .flatMap(n -> Stream.concat(all(n, false).stream(), all(n, true).stream()));
    return Stream.concat(
        sizes, Stream.of(extreme(forward(9, false, false)), extreme(backward(9, false, false))));
  }

  Stream<OpCase> small() {
    return all(5, false).stream();
  }

  Stream<OpCase> separable() {
    return Stream.of(forward(77, false, false), backward(77, false, false));
  }
}
