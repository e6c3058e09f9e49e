// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.Map;

/** Running error analysis of the operations of {@link InfluenceOps}, one position at a time. */
final class DenseTailErrors {
  private final OpCase op;
  private final int width;
  private final boolean gaussNewton;

  DenseTailErrors(OpCase op, boolean gaussNewton) {
    this.op = op;
    width = op.dim("hidden", 1);
    this.gaussNewton = gaussNewton;
  }

  /** One layer norm at one position. */
  private final class Norm {
    final Rounded[] xhat;
    final Rounded[] gamma;
    final Rounded rstd;

    Norm(String name, int t) {
      xhat = row(name + "Xhat", t);
      gamma = op.exact(name + "Gamma");
      rstd = op.exact(name + "Rstd")[t];
    }

    private Rounded mean(Rounded[] x, Rounded[] y) {
      return Rounded.dot(x, 0, y, 0, width).over(Rounded.exact(width));
    }

    private Rounded mean(Rounded[] x) {
      return Rounded.sum(x).over(Rounded.exact(width));
    }

    Rounded[] project(Rounded[] u) {
      Rounded mean = mean(u);
      Rounded slope = mean(u, xhat);
      Rounded[] out = new Rounded[width];
      for (int i = 0; i < width; i++) {
        out[i] = rstd.times(u[i].minus(mean).minus(xhat[i].times(slope)));
      }
      return out;
    }

    Rounded[] scaled(Rounded[] x) {
      Rounded[] out = new Rounded[width];
      for (int i = 0; i < width; i++) {
        out[i] = x[i].times(gamma[i]);
      }
      return out;
    }

    Rounded[] backward(Rounded[] sDot, Rounded[] dy, Rounded[] dyDot) {
      Rounded[] uDot = scaled(dyDot);
      if (gaussNewton) {
        return project(uDot);
      }
      Rounded[] u = scaled(dy);
      Rounded[] xhatDot = project(sDot);
      Rounded rstdDot = rstd.times(rstd).times(mean(xhat, sDot)).negated();
      Rounded slope = mean(u, xhat);
      Rounded slopeDot = mean(uDot, xhat).plus(mean(u, xhatDot));
      Rounded[] out = new Rounded[width];
      for (int i = 0; i < width; i++) {
        Rounded value = u[i].minus(mean(u)).minus(xhat[i].times(slope));
        Rounded tangent =
            uDot[i].minus(mean(uDot)).minus(xhatDot[i].times(slope)).minus(xhat[i].times(slopeDot));
        out[i] = rstdDot.times(value).plus(rstd.times(tangent));
      }
      return out;
    }
  }

  private Rounded[] row(String name, int t) {
    Rounded[] out = new Rounded[width];
    System.arraycopy(op.exact(name), t * width, out, 0, width);
    return out;
  }

  private Rounded[] times(Rounded[] x, String weight, boolean transposed) {
    return times(x, op.exact(weight), transposed);
  }

  private Rounded[] times(Rounded[] x, Rounded[] w, boolean transposed) {
    Rounded[] out = new Rounded[width];
    for (int o = 0; o < width; o++) {
      Rounded[] column = new Rounded[width];
      for (int i = 0; i < width; i++) {
        column[i] = transposed ? w[o * width + i] : w[i * width + o];
      }
      out[o] = Rounded.dot(x, 0, column, 0, width);
    }
    return out;
  }

  private Rounded[] masked(Rounded[] x, String name, int t) {
    Rounded[] out = x.clone();
    for (int i = 0; i < width; i++) {
      out[i] = op.floats(name)[t * width + i] > 0 ? x[i] : Rounded.exact(0);
    }
    return out;
  }

  private static Rounded[] plus(Rounded[] x, Rounded[] y) {
    Rounded[] out = x.clone();
    for (int i = 0; i < x.length; i++) {
      out[i] = x[i].plus(y[i]);
    }
    return out;
  }

  private Rounded[] lossTangent(Rounded[] hiddenDot, int t) {
    Rounded[] out = Rounded.zeros(width);
    for (String ids : new String[] {"positives", "negatives"}) {
      int at = op.ints(ids)[t] * width;
      Rounded[] table = op.exact("table");
      Rounded x = Rounded.dot(table, at, op.exact("hidden"), t * width, width);
      Rounded xDot = Rounded.dot(table, at, hiddenDot, 0, width);
      Rounded slope = x.sigmoid().times(x.negated().sigmoid()).times(xDot);
      slope = slope.times(op.exact("w")[t]);
      for (int i = 0; i < width; i++) {
        out[i] = out[i].plus(slope.times(table[at + i]));
      }
    }
    return out;
  }

  private Rounded[] tangent(Rounded[] sDot, int t) {
    Norm middle = new Norm("middle", t);
    Norm out = new Norm("out", t);
    Rounded[] middleDot = middle.scaled(middle.project(sDot));
    Rounded[] firstDot = masked(times(middleDot, "firstWeight", true), "first", t);
    Rounded[] secondDot = masked(times(firstDot, "secondWeight", true), "second", t);
    Rounded[] sumDot = plus(secondDot, middleDot);
    Rounded[] dhiddenDot = lossTangent(out.scaled(out.project(sumDot)), t);
    Rounded[] dsumDot = out.backward(sumDot, row("dhidden", t), dhiddenDot);
    Rounded[] dsecondDot = masked(dsumDot, "second", t);
    Rounded[] dfirstDot = masked(times(dsecondDot, "secondWeight", false), "first", t);
    Rounded[] dmiddleDot = plus(times(dfirstDot, "firstWeight", false), dsumDot);
    return middle.backward(sDot, row("dmiddle", t), dmiddleDot);
  }

  Map<String, Rounded[]> hvp() {
    Rounded.Sum[] sums = Rounded.Sum.array(width * width);
    addProduct(0, op.dim("hidden", 0), op.exact("direction"), sums);
    return Map.of("out", Rounded.Sum.totals(sums));
  }

  /** The positions {@code from .. to-1} of the product with a direction. */
  private void addProduct(int from, int to, Rounded[] direction, Rounded.Sum[] sums) {
    for (int t = from; t < to; t++) {
      Rounded[] x = row("x", t);
      Rounded[] tangent = tangent(times(x, direction, true), t);
      for (int o = 0; o < width; o++) {
        for (int i = 0; i < width; i++) {
          sums[o * width + i].add(tangent[o].times(x[i]));
        }
      }
    }
  }

  Map<String, Rounded[]> lissa(float damp, float rate) {
    Rounded[] h = op.exact("h").clone();
    Rounded[] g = op.exact("g");
    int[] ranges = op.ints("ranges");
    int each = 2 * op.dim("ranges", 1);
    Rounded[] norms = new Rounded[op.dim("ranges", 0)];
    for (int k = 0; k < norms.length; k++) {
      Rounded.Sum[] sums = Rounded.Sum.array(width * width);
      for (int j = k * each; j < (k + 1) * each; j += 2) {
        addProduct(ranges[j], ranges[j + 1], h, sums);
      }
      Rounded[] product = Rounded.Sum.totals(sums);
      for (int i = 0; i < h.length; i++) {
        Rounded pull = h[i].times(Rounded.exact(damp));
        Rounded push = product[i].times(Rounded.exact(rate));
        h[i] = h[i].plus(g[i].minus(pull).minus(push));
      }
      norms[k] = Rounded.dot(h, 0, h, 0, h.length).sqrt();
    }
    return Map.of("h", h, "norms", norms);
  }

  Map<String, Rounded[]> curvature() {
    int rows = op.dim("hidden", 0);
    int packed = op.dim("out", 1);
    Rounded[] out = Rounded.zeros(rows * packed);
    for (int t = 0; t < rows; t++) {
      int at = t * packed;
      for (int j = 0; j < width; j++) {
        Rounded[] unit = Rounded.zeros(width);
        unit[j] = Rounded.exact(1);
        Rounded[] column = tangent(unit, t);
        for (int i = j; i < width; i++) {
          out[at++] = column[i];
        }
      }
    }
    return Map.of("out", out);
  }
}
