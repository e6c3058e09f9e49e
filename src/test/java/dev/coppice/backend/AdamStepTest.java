// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import dev.coppice.backend.SurrogateOps.Adam;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** Bound: running error analysis; the bias corrections are formed in float64 and rounded once. */
class AdamStepTest extends OpParityTest {
  static OpCase adam(int n, long step, Adam constants, boolean absolute) {
    Inputs inputs = new Inputs(31L * n + step, absolute);
    float[] v = new Inputs(n, true).gaussian(n, 0.01);
    return new OpCase("adamStep " + step)
        .inOut("param", inputs.gaussian(n), n)
        .in("grad", inputs.gaussian(n), n)
        .inOut("m", step == 1 ? new float[n] : inputs.gaussian(n, 0.1), n)
        .inOut("v", step == 1 ? new float[n] : v, n)
        .rows("param", "grad", "m", "v")
        .anyRank()
        .call(
            (backend, t) ->
                backend.adamStep(
                    t.get("param"), t.get("grad"), t.get("m"), t.get("v"), constants, step))
        .rounded(c -> errors(c, constants, step));
  }

  private static Rounded once(double value) {
    return new Rounded(value, Rounded.UNIT * Math.abs(value));
  }

  private static Map<String, Rounded[]> errors(OpCase c, Adam a, long step) {
    Rounded[] param = c.exact("param").clone();
    Rounded[] m = c.exact("m").clone();
    Rounded[] v = c.exact("v").clone();
    double b1 = a.beta1();
    double b2 = a.beta2();
    for (int i = 0; i < param.length; i++) {
      Rounded g = Rounded.exact(c.floats("grad")[i]);
      m[i] = m[i].times(b1).plus(g.times(1 - b1));
      v[i] = v[i].times(b2).plus(g.times(1 - b2).times(g));
      Rounded mHat = m[i].over(once(1 - Math.pow(b1, step)));
      Rounded root = v[i].sqrt().over(once(Math.sqrt(1 - Math.pow(b2, step))));
      Rounded change = mHat.times(a.lr()).over(root.plus(Rounded.exact(a.eps())));
      param[i] = param[i].minus(change);
    }
    return Map.of("param", param, "m", m, "v", v);
  }

  @Override
  Stream<OpCase> cases() {
    return IntStream.of(0, 1, 2, 7, 31, 33, 64, 65, 255, 257, 7919)
        .boxed()
        .flatMap(
            n ->
                LongStream.of(1, 2, 17, 18_400)
                    .boxed()
                    .flatMap(
                        step ->
                            Stream.of(
                                adam(n, step, Adam.DEFAULT, false),
                                adam(n, step, new Adam(0.5f, 0.5f, 0.9f, 1e-3f), true))));
  }

  @Override
  Stream<OpCase> small() {
    return Stream.of(adam(5, 3, Adam.DEFAULT, false));
  }

  @Override
  Stream<OpCase> separable() {
    return Stream.of(adam(77, 3, Adam.DEFAULT, false));
  }
}
