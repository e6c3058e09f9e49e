// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Bounds: running error analysis of the formulas below; the loss may round 1 + exp before its log,
 * the gradients must be relatively accurate where the sigmoid is small.
 */
class SampledBceTest extends OpParityTest {
  private static final int[][] SHAPES = {
    {0, 3, 2},
    {1, 1, 1},
    {2, 7, 5},
    {7, 31, 33},
    {32, 64, 65},
    {63, 65, 13},
    {257, 33, 255},
    {31, 257, 7},
    {1500, 64, 100}
  };

  private static OpCase inputs(OpCase op, Inputs inputs, int rows, int width, int items) {
    return op.in("h", inputs.gaussian(rows * width), rows, width)
        .in("table", inputs.gaussian(items * width, 3 / Math.sqrt(width)), items, width)
        .in("positives", inputs.ids(rows, items), rows)
        .in("negatives", inputs.ids(rows, items), rows)
        .in("w", inputs.gaussian(rows), rows);
  }

  static OpCase forward(int rows, int width, int items, boolean dh, boolean absolute) {
    Inputs inputs = new Inputs(31L * rows + 7L * width + items, absolute);
    return inputs(new OpCase("sampledBceForward"), inputs, rows, width, items)
        .out("loss", rows)
        .out("dpos", rows)
        .out("dneg", rows)
        .out(dh, "dh", rows, width)
        .rows("h", "positives", "negatives", "w", "loss", "dpos", "dneg", "dh")
        .free("table")
        .call(
            (backend, t) ->
                backend.sampledBceForward(
                    t.get("h"),
                    t.get("table"),
                    t.get("positives"),
                    t.get("negatives"),
                    t.get("w"),
                    t.get("loss"),
                    t.get("dpos"),
                    t.get("dneg"),
                    t.get("dh")))
        .rounded(SampledBceTest::forwardErrors);
  }

  static OpCase jvp(int rows, int width, int items, boolean optional, boolean absolute) {
    Inputs inputs = new Inputs(31L * rows + 7L * width + items, absolute);
    OpCase op =
        inputs(new OpCase("sampledBceJvp"), inputs, rows, width, items)
            .in("hDot", inputs.gaussian(rows * width), rows, width)
            .in(optional, "tableDot", () -> inputs.gaussian(items * width), items, width)
            .out(optional, "lossDot", rows)
            .out("dposDot", rows)
            .out("dnegDot", rows)
            .out("dhDot", rows, width)
            .rows("h", "hDot", "positives", "negatives", "w")
            .rows("lossDot", "dposDot", "dnegDot", "dhDot")
            .call(
                (backend, t) ->
                    backend.sampledBceJvp(
                        t.get("h"),
                        t.get("hDot"),
                        t.get("table"),
                        t.get("tableDot"),
                        t.get("positives"),
                        t.get("negatives"),
                        t.get("w"),
                        t.get("lossDot"),
                        t.get("dposDot"),
                        t.get("dnegDot"),
                        t.get("dhDot")))
            .rounded(SampledBceTest::jvpErrors);
    return optional ? op : op.free("table");
  }

  static OpCase backward(int rows, int width, int items, boolean absolute) {
    Inputs inputs = new Inputs(31L * rows + 7L * width + items, absolute);
    return new OpCase("sampledBceBackward")
        .in("dpos", inputs.gaussian(rows), rows)
        .in("dneg", inputs.gaussian(rows), rows)
        .in("table", inputs.gaussian(items * width), items, width)
        .in("positives", inputs.ids(rows, items), rows)
        .in("negatives", inputs.ids(rows, items), rows)
        .out("dh", rows, width)
        .rows("dpos", "dneg", "positives", "negatives", "dh")
        .free("table")
        .call(
            (backend, t) ->
                backend.sampledBceBackward(
                    t.get("dpos"),
                    t.get("dneg"),
                    t.get("table"),
                    t.get("positives"),
                    t.get("negatives"),
                    t.get("dh")))
        .depth(2);
  }

  private static Rounded logit(OpCase c, String table, String ids, String h, int t) {
    int width = c.dim("h", 1);
    return Rounded.dot(c.exact(table), c.ints(ids)[t] * width, c.exact(h), t * width, width);
  }

  private static Map<String, Rounded[]> zeros(OpCase c) {
    Map<String, Rounded[]> out = new LinkedHashMap<>();
    for (OpCase.Arg arg : c.args.values()) {
      if (arg.role() == OpCase.Role.OUT) {
        out.put(arg.name(), Rounded.zeros(arg.size()));
      }
    }
    return out;
  }

  private static Map<String, Rounded[]> forwardErrors(OpCase c) {
    int width = c.dim("h", 1);
    Map<String, Rounded[]> out = zeros(c);
    for (int t = 0; t < c.dim("h", 0); t++) {
      Rounded p = logit(c, "table", "positives", "h", t);
      Rounded n = logit(c, "table", "negatives", "h", t);
      Rounded w = Rounded.exact(c.floats("w")[t]);
      Rounded dpos = p.negated().sigmoid().times(w).negated();
      Rounded dneg = n.sigmoid().times(w);
      out.get("loss")[t] = p.negated().softplus().plus(n.softplus());
      out.get("dpos")[t] = dpos;
      out.get("dneg")[t] = dneg;
      for (int d = 0; out.containsKey("dh") && d < width; d++) {
        Rounded pos = Rounded.exact(c.floats("table")[c.ints("positives")[t] * width + d]);
        Rounded neg = Rounded.exact(c.floats("table")[c.ints("negatives")[t] * width + d]);
        out.get("dh")[t * width + d] = dpos.times(pos).plus(dneg.times(neg));
      }
    }
    return out;
  }

  /** One side of the tangents: {@code sign} 1 for the negative item, -1 for the positive. */
  private static void side(OpCase c, int t, String ids, int sign, Map<String, Rounded[]> out) {
    int width = c.dim("h", 1);
    boolean moving = c.args.containsKey("tableDot");
    Rounded w = Rounded.exact(c.floats("w")[t]);
    Rounded x = logit(c, "table", ids, "h", t);
    Rounded xDot = logit(c, "table", ids, "hDot", t);
    xDot = moving ? xDot.plus(logit(c, "tableDot", ids, "h", t)) : xDot;
    Rounded slope = (sign > 0 ? x : x.negated()).sigmoid().times(sign);
    Rounded dDot = x.sigmoid().times(x.negated().sigmoid()).times(xDot).times(w);
    out.get(sign > 0 ? "dnegDot" : "dposDot")[t] = dDot;
    if (out.containsKey("lossDot")) {
      out.get("lossDot")[t] = out.get("lossDot")[t].plus(slope.times(xDot));
    }
    for (int d = 0; d < width; d++) {
      int at = c.ints(ids)[t] * width + d;
      Rounded term = dDot.times(c.floats("table")[at]);
      if (moving) {
        term = term.plus(slope.times(w).times(c.floats("tableDot")[at]));
      }
      out.get("dhDot")[t * width + d] = out.get("dhDot")[t * width + d].plus(term);
    }
  }

  private static Map<String, Rounded[]> jvpErrors(OpCase c) {
    Map<String, Rounded[]> out = zeros(c);
    for (int t = 0; t < c.dim("h", 0); t++) {
      side(c, t, "positives", -1, out);
      side(c, t, "negatives", 1, out);
    }
    return out;
  }

  private static List<OpCase> all(int rows, int width, int items, boolean absolute) {
    List<OpCase> cases = new ArrayList<>();
    cases.add(backward(rows, width, items, absolute));
    for (boolean optional : new boolean[] {true, false}) {
      cases.add(forward(rows, width, items, optional, absolute));
      cases.add(jvp(rows, width, items, optional, absolute));
    }
    return cases;
  }

  /** Logits far from 0: no overflow, and small gradients keep their relative accuracy. */
  private static OpCase extreme() {
    float[] logits = {0, 1e-4f, 5, 20, 60, 85, -5, -20, -60, -85, 500, -500};
    OpCase op = forward(logits.length, 1, 2, true, false);
    float[] ones = new float[logits.length];
    Arrays.fill(ones, 1);
    return op.with(
        List.of(
            op.args.get("h").with(logits),
            op.args.get("table").with(new float[] {1, -1}),
            op.args.get("positives").with(new int[logits.length]),
            op.args.get("negatives").with(new int[logits.length]),
            op.args.get("w").with(ones)));
  }

  @Override
  Stream<OpCase> cases() {
    Stream<OpCase> sizes =
        Stream.of(SHAPES)
            .flatMap(
                s ->
                    Stream.concat(
                        all(s[0], s[1], s[2], false).stream(),
                        all(s[0], s[1], s[2], true).stream()));
    return Stream.concat(sizes, Stream.of(extreme()));
  }

  @Override
  Stream<OpCase> small() {
    return all(4, 3, 3, false).stream();
  }

  @Override
  Stream<OpCase> separable() {
    return all(9, 33, 7, false).stream();
  }
}
