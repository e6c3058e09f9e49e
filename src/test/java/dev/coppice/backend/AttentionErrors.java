// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import dev.coppice.backend.Rounded.Sum;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Running error analysis of packed causal attention: its formulas in {@link Rounded} numbers. What
 * a forward pass left behind (lse, out and their tangents) is taken with the error of that pass, so
 * that a kernel may read it or compute it again.
 */
final class AttentionErrors {
  private final OpCase c;
  private final int[] offsets;
  private final int heads;
  private final int groups;
  private final int width;
  private final AttentionRule rule;
  private final float scale;
  private final Dropout dropout;
  private final Rounded[] q;
  private final Rounded[] k;
  private final Rounded[] v;
  private final Rounded[] scaledQ;
  private final Rounded[] lse;
  private final Sum[] out;

  AttentionErrors(OpCase c, float scale, Dropout dropout) {
    this(c, AttentionRule.scaled(scale), dropout);
  }

  AttentionErrors(OpCase c, AttentionRule rule, Dropout dropout) {
    this.c = c;
    this.rule = rule;
    this.scale = (float) rule.scale();
    this.dropout = dropout;
    offsets = c.ints("offsets");
    heads = c.dim("q", 1);
    groups = c.dim("k", 1);
    width = c.dim("q", 2);
    q = c.exact("q");
    k = c.exact("k");
    v = c.exact("v");
    // The scale may be applied to q or to the product: one more rounding of every term.
    scaledQ = scaled(q);
    lse = new Rounded[c.dim("q", 0) * heads];
    out = Sum.array(q.length);
    eachRow(this::forwardRow);
  }

  private Rounded[] scaled(Rounded[] x) {
    Rounded[] y = new Rounded[x.length];
    for (int i = 0; i < x.length; i++) {
      y[i] = x[i].times(scale);
    }
    return y;
  }

  private interface Row {
    void visit(int b, int t, int h);
  }

  private void eachRow(Row action) {
    for (int b = 0; b + 1 < offsets.length; b++) {
      for (int t = offsets[b]; t < offsets[b + 1]; t++) {
        for (int h = 0; h < heads; h++) {
          action.visit(b, t, h);
        }
      }
    }
  }

  private int query(int t, int h) {
    return (t * heads + h) * width;
  }

  private int key(int s, int h) {
    return (s * groups + h / (heads / groups)) * width;
  }

  private Rounded logit(int t, int s, int h) {
    Rounded product = Rounded.dot(scaledQ, query(t, h), k, key(s, h), width);
    return rule.cap() == 0 ? product : product.times(1 / rule.cap()).tanh().times(rule.cap());
  }

  private Rounded capSlope(Rounded logit) {
    Rounded t = logit.times(rule.cap() == 0 ? 0 : 1 / rule.cap());
    return Rounded.exact(1).minus(t.times(t));
  }

  private int firstKey(int b, int t) {
    return Math.max(offsets[b], t - rule.window() + 1);
  }

  private Rounded probability(int t, int s, int h) {
    return logit(t, s, h).minus(lse[t * heads + h]).exp();
  }

  private Rounded kept(Rounded x, int b, int t, int s, int h) {
    if (dropout.rate() == 0) {
      return x;
    }
    int i = t - offsets[b];
    int index = c.ints("triangles")[b] + i * (i + 1) / 2 + s - offsets[b];
    int site = dropout.site() + 65536 * h;
    double factor = ReferenceDropout.factor(dropout, site, index);
    return x.times(new Rounded(factor, 2.01 * Rounded.UNIT * factor));
  }

  private void forwardRow(int b, int t, int h) {
    double max = Double.NEGATIVE_INFINITY;
    for (int s = firstKey(b, t); s <= t; s++) {
      max = Math.max(max, logit(t, s, h).value());
    }
    Sum sum = new Sum();
    for (int s = firstKey(b, t); s <= t; s++) {
      sum.add(logit(t, s, h).minus(Rounded.exact(max)).exp());
    }
    lse[t * heads + h] = sum.total().log().plus(Rounded.exact(max));
    for (int s = firstKey(b, t); s <= t; s++) {
      Rounded p = kept(probability(t, s, h), b, t, s, h);
      add(out, query(t, h), p, v, key(s, h));
    }
  }

  /** {@code sum += factor x}, one head. */
  private void add(Sum[] sum, int at, Rounded factor, Rounded[] x, int from) {
    for (int i = 0; i < width; i++) {
      sum[at + i].add(factor.times(x[from + i]));
    }
  }

  Map<String, Rounded[]> forward() {
    return Map.of("out", Sum.totals(out), "lse", lse);
  }

  /** A value as it was handed over, in float32. */
  private static Rounded[] stored(Rounded[] values) {
    Rounded[] kept = new Rounded[values.length];
    for (int i = 0; i < kept.length; i++) {
      kept[i] = values[i].plus(Rounded.exact(0));
    }
    return kept;
  }

  Map<String, Rounded[]> backward() {
    Rounded[] dout = c.exact("dout");
    Rounded[] result = stored(Sum.totals(out));
    Sum[] dq = Sum.array(q.length);
    Sum[] dk = Sum.array(k.length);
    Sum[] dv = Sum.array(v.length);
    eachRow(
        (b, t, h) -> {
          int row = query(t, h);
          Rounded delta = Rounded.dot(dout, row, result, row, width);
          for (int s = firstKey(b, t); s <= t; s++) {
            int column = key(s, h);
            Rounded p = probability(t, s, h);
            Rounded slope = kept(Rounded.dot(dout, row, v, column, width), b, t, s, h);
            Rounded da = slope.minus(delta).times(p).times(scale);
            da = rule.cap() == 0 ? da : da.times(capSlope(logit(t, s, h)));
            add(dq, row, da, k, column);
            add(dk, column, da, q, row);
            add(dv, column, kept(p, b, t, s, h), dout, row);
          }
        });
    return totals("dq", dq, "dk", dk, "dv", dv);
  }

  private static Map<String, Rounded[]> totals(
      String first, Sum[] one, String second, Sum[] two, String third, Sum[] three) {
    Map<String, Rounded[]> totals = new LinkedHashMap<>();
    totals.put(first, Sum.totals(one));
    totals.put(second, Sum.totals(two));
    totals.put(third, Sum.totals(three));
    return totals;
  }

  private Rounded logitDot(int t, int s, int h) {
    int row = query(t, h);
    int column = key(s, h);
    Rounded one = Rounded.dot(c.exact("qDot"), row, k, column, width);
    Rounded two = Rounded.dot(q, row, c.exact("kDot"), column, width);
    return one.plus(two).times(scale);
  }

  private Rounded lseDot(int b, int t, int h) {
    Sum sum = new Sum();
    for (int s = firstKey(b, t); s <= t; s++) {
      sum.add(probability(t, s, h).times(logitDot(t, s, h)));
    }
    return sum.total();
  }

  /** {@code outDot = sum_j P aDot v - P lseDot v + P vDot}, in any order. */
  Map<String, Rounded[]> forwardJvp() {
    Rounded[] lseDot = new Rounded[lse.length];
    Sum[] outDot = Sum.array(q.length);
    eachRow(
        (b, t, h) -> {
          Rounded mean = lseDot(b, t, h);
          lseDot[t * heads + h] = mean;
          for (int s = firstKey(b, t); s <= t; s++) {
            Rounded p = probability(t, s, h);
            add(outDot, query(t, h), p.times(logitDot(t, s, h)), v, key(s, h));
            add(outDot, query(t, h), p.times(mean).negated(), v, key(s, h));
            add(outDot, query(t, h), p, c.exact("vDot"), key(s, h));
          }
        });
    return Map.of("outDot", Sum.totals(outDot), "lseDot", lseDot);
  }

  Map<String, Rounded[]> backwardJvp() {
    Rounded[] outDot = stored(forwardJvp().get("outDot"));
    Rounded[] lseDot = stored(forwardJvp().get("lseDot"));
    Rounded[] result = stored(Sum.totals(out));
    Sum[] dq = Sum.array(q.length);
    Sum[] dk = Sum.array(k.length);
    Sum[] dv = Sum.array(v.length);
    Rounded[] dout = c.exact("dout");
    Rounded[] doutDot = c.exact("doutDot");
    eachRow(
        (b, t, h) -> {
          int row = query(t, h);
          Rounded delta = Rounded.dot(dout, row, result, row, width);
          Rounded deltaDot =
              Rounded.dot(doutDot, row, result, row, width)
                  .plus(Rounded.dot(dout, row, outDot, row, width));
          for (int s = firstKey(b, t); s <= t; s++) {
            int column = key(s, h);
            Rounded p = probability(t, s, h);
            Rounded pDot = logitDot(t, s, h).minus(lseDot[t * heads + h]).times(p);
            Rounded e = Rounded.dot(dout, row, v, column, width).minus(delta);
            Rounded eDot =
                Rounded.dot(doutDot, row, v, column, width)
                    .plus(Rounded.dot(dout, row, c.exact("vDot"), column, width))
                    .minus(deltaDot);
            Rounded da = p.times(e).times(scale);
            Rounded daDot = pDot.times(e).plus(p.times(eDot)).times(scale);
            add(dq, row, daDot, k, column);
            add(dq, row, da, c.exact("kDot"), column);
            add(dk, column, daDot, q, row);
            add(dk, column, da, c.exact("qDot"), row);
            add(dv, column, pDot, dout, row);
            add(dv, column, p, doutDot, row);
          }
        });
    return totals("dqDot", dq, "dkDot", dk, "dvDot", dv);
  }
}
