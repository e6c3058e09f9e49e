// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Running error analysis of the layer norm: its formulas in {@link Rounded} numbers. The variance
 * is that of the two-pass form, the mean of squared deviations; sums may be in any order.
 */
final class LayerNormErrors {
  private LayerNormErrors() {}

  /** The factor of a kept element carries two roundings: of 1 - rate and of the quotient. */
  static Rounded dropped(Rounded x, Dropout dropout, int index) {
    double factor =
        ReferenceDropout.factor(dropout, dropout.site(), (int) (dropout.first() + index));
    if (dropout.rate() == 0 || factor == 0) {
      return factor == 0 ? Rounded.exact(0) : x;
    }
    return x.times(new Rounded(factor, 2.01 * Rounded.UNIT * factor));
  }

  private static Rounded mean(Rounded[] x, int row, int width) {
    Rounded[] terms = Arrays.copyOfRange(x, row * width, (row + 1) * width);
    return Rounded.sum(terms).over(Rounded.exact(width));
  }

  private static Rounded mean(Rounded[] x, Rounded[] y, int row, int width) {
    return Rounded.dot(x, row * width, y, row * width, width).over(Rounded.exact(width));
  }

  static Map<String, Rounded[]> forward(OpCase c, double eps, Dropout dropout) {
    int rows = c.dim("x", 0);
    int width = c.dim("x", 1);
    Rounded[] x = c.exact("x");
    Rounded[] bias = c.exact("bias");
    Rounded[] residual = c.exact("residual");
    Rounded[] s = new Rounded[x.length];
    for (int i = 0; i < s.length; i++) {
      s[i] = bias == null ? x[i] : x[i].plus(bias[i % width]);
      s[i] = dropped(s[i], dropout, i);
      s[i] = residual == null ? s[i] : s[i].plus(residual[i]);
    }
    Rounded[] y = new Rounded[x.length];
    Rounded[] xhat = new Rounded[x.length];
    Rounded[] rstd = new Rounded[rows];
    for (int t = 0; t < rows; t++) {
      Rounded mean = mean(s, t, width);
      for (int i = t * width; i < (t + 1) * width; i++) {
        xhat[i] = s[i].minus(mean);
      }
      Rounded variance = mean(xhat, xhat, t, width);
      rstd[t] = variance.plus(Rounded.exact(eps)).reciprocalRoot();
      for (int i = t * width; i < (t + 1) * width; i++) {
        xhat[i] = xhat[i].times(rstd[t]);
        y[i] = xhat[i].times(c.exact("gamma")[i % width]).plus(c.exact("beta")[i % width]);
      }
    }
    return Map.of("y", y, "xhat", xhat, "rstd", rstd);
  }

  /** {@code rstd (u - mean(u) - xhat mean(u xhat))}. */
  private static Rounded[] project(Rounded[] u, Rounded[] xhat, Rounded[] rstd, int width) {
    Rounded[] out = new Rounded[u.length];
    for (int t = 0; t < rstd.length; t++) {
      Rounded mean = mean(u, t, width);
      Rounded slope = mean(u, xhat, t, width);
      for (int i = t * width; i < (t + 1) * width; i++) {
        out[i] = Rounded.sum(u[i], mean.negated(), xhat[i].times(slope).negated()).times(rstd[t]);
      }
    }
    return out;
  }

  private static Rounded[] scaled(Rounded[] x, Rounded[] gamma) {
    Rounded[] out = new Rounded[x.length];
    for (int i = 0; i < x.length; i++) {
      out[i] = x[i].times(gamma[i % gamma.length]);
    }
    return out;
  }

  /** {@code sum_t x[t,d]}. */
  private static Rounded[] columnSum(Rounded[] x, int width) {
    Rounded[] out = new Rounded[width];
    for (int d = 0; d < width; d++) {
      Rounded[] column = new Rounded[x.length / width];
      for (int t = 0; t < column.length; t++) {
        column[t] = x[t * width + d];
      }
      out[d] = Rounded.sum(column);
    }
    return out;
  }

  private static Rounded[] products(Rounded[] x, Rounded[] y) {
    Rounded[] out = new Rounded[x.length];
    for (int i = 0; i < x.length; i++) {
      out[i] = x[i].times(y[i]);
    }
    return out;
  }

  static Map<String, Rounded[]> backward(OpCase c, String ds, Dropout dropout) {
    int width = c.dim("dy", 1);
    Rounded[] dy = c.exact("dy");
    Rounded[] xhat = c.exact("xhat");
    Rounded[] sum = project(scaled(dy, c.exact("gamma")), xhat, c.exact("rstd"), width);
    Rounded[] dx = new Rounded[sum.length];
    for (int i = 0; i < dx.length; i++) {
      dx[i] = dropped(sum[i], dropout, i);
    }
    Map<String, Rounded[]> out = new LinkedHashMap<>();
    out.put(ds, sum);
    out.put("dx", dx);
    out.put("dgamma", columnSum(products(dy, xhat), width));
    out.put("dbeta", columnSum(dy, width));
    out.put("dbias", columnSum(dx, width));
    return out;
  }

  static Map<String, Rounded[]> forwardJvp(OpCase c) {
    int width = c.dim("sDot", 1);
    Rounded[] sDot = c.exact("sDot");
    Rounded[] xhat = c.exact("xhat");
    Rounded[] rstd = c.exact("rstd");
    Rounded[] xhatDot = project(sDot, xhat, rstd, width);
    Rounded[] yDot = scaled(xhatDot, c.exact("gamma"));
    for (int i = 0; c.args.containsKey("gammaDot") && i < yDot.length; i++) {
      Rounded turned = xhat[i].times(c.exact("gammaDot")[i % width]);
      yDot[i] = Rounded.sum(yDot[i], turned, c.exact("betaDot")[i % width]);
    }
    Rounded[] rstdDot = new Rounded[rstd.length];
    for (int t = 0; t < rstd.length; t++) {
      rstdDot[t] = mean(xhat, sDot, t, width).times(rstd[t]).times(rstd[t]).negated();
    }
    return Map.of("yDot", yDot, "xhatDot", xhatDot, "rstdDot", rstdDot);
  }

  static Map<String, Rounded[]> backwardJvp(OpCase c) {
    int width = c.dim("dy", 1);
    Rounded[] dy = c.exact("dy");
    Rounded[] dyDot = c.exact("dyDot");
    Rounded[] xhat = c.exact("xhat");
    Rounded[] xhatDot = c.exact("xhatDot");
    Rounded[] u = scaled(dy, c.exact("gamma"));
    Rounded[] uDot = scaled(dyDot, c.exact("gamma"));
    if (c.args.containsKey("gammaDot")) {
      Rounded[] turned = scaled(dy, c.exact("gammaDot"));
      for (int i = 0; i < uDot.length; i++) {
        uDot[i] = uDot[i].plus(turned[i]);
      }
    }
    Map<String, Rounded[]> out = new LinkedHashMap<>();
    out.put("dsDot", projectDot(c, u, uDot, width));
    Rounded[] first = products(dyDot, xhat);
    Rounded[] second = products(dy, xhatDot);
    for (int i = 0; i < first.length; i++) {
      first[i] = first[i].plus(second[i]);
    }
    out.put("dgammaDot", columnSum(first, width));
    out.put("dbetaDot", columnSum(dyDot, width));
    return out;
  }

  private static Rounded[] projectDot(OpCase c, Rounded[] u, Rounded[] uDot, int width) {
    Rounded[] xhat = c.exact("xhat");
    Rounded[] xhatDot = c.exact("xhatDot");
    Rounded[] rstd = c.exact("rstd");
    Rounded[] rstdDot = c.exact("rstdDot");
    Rounded[] out = new Rounded[u.length];
    for (int t = 0; t < rstd.length; t++) {
      Rounded mean = mean(u, t, width);
      Rounded slope = mean(u, xhat, t, width);
      Rounded meanDot = mean(uDot, t, width);
      Rounded slopeDot = mean(uDot, xhat, t, width).plus(mean(u, xhatDot, t, width));
      for (int i = t * width; i < (t + 1) * width; i++) {
        Rounded still = Rounded.sum(u[i], mean.negated(), xhat[i].times(slope).negated());
        Rounded moved =
            Rounded.sum(
                uDot[i],
                meanDot.negated(),
                xhatDot[i].times(slope).negated(),
                xhat[i].times(slopeDot).negated());
        out[i] = still.times(rstdDot[t]).plus(moved.times(rstd[t]));
      }
    }
    return out;
  }
}
