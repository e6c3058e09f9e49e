// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

/** {@link InfluenceOps}: each operation's shape rule, then its formula on arrays. */
abstract class ReferenceInfluenceOps extends ReferenceSurrogateOps {

  private ReferenceDenseTail tail(DenseTailState s) {
    own(s.middleXhat(), s.middleRstd(), s.middleGamma(), s.first(), s.firstWeight(), s.second());
    own(s.secondWeight(), s.hidden(), s.outXhat(), s.outRstd(), s.outGamma(), s.table());
    own(s.positives(), s.negatives(), s.w(), s.dhidden(), s.dmiddle());
    int width = s.hidden().dim(1);
    return new ReferenceDenseTail(
        width,
        new ReferenceDenseTail.Norm(
            width, load(s.middleXhat()), load(s.middleRstd()), load(s.middleGamma())),
        new ReferenceDenseTail.Norm(
            width, load(s.outXhat()), load(s.outRstd()), load(s.outGamma())),
        load(s.first()),
        load(s.firstWeight()),
        load(s.second()),
        load(s.secondWeight()),
        new ReferenceSampledBce(
            load(s.hidden()), load(s.table()), ids(s.positives()), ids(s.negatives()), load(s.w())),
        load(s.dhidden()),
        load(s.dmiddle()));
  }

  @Override
  public void denseTailHvp(
      DenseTailState s, boolean gaussNewton, Tensor x, Tensor direction, Tensor out) {
    OpShapes.denseTail(s);
    OpShapes.likeRows(s.hidden(), x);
    OpShapes.likeRows(s.firstWeight(), direction, out);
    own(x, direction, out);
    store(out, tail(s).hvp(load(x), load(direction), gaussNewton));
  }

  @Override
  public void denseTailCurvature(DenseTailState s, boolean gaussNewton, Tensor out) {
    OpShapes.denseTail(s);
    int width = s.hidden().dim(1);
    Shapes.f32("out", out, s.hidden().dim(0), Math.toIntExact(InfluenceOps.triangle(width)));
    own(out);
    store(out, tail(s).curvature(gaussNewton));
  }

  @Override
  public void denseTailLissa(
      DenseTailState s,
      boolean gaussNewton,
      Tensor x,
      Tensor ranges,
      double damp,
      double rate,
      Tensor g,
      Tensor h,
      Tensor norms) {
    OpShapes.denseTailLissa(s, x, ranges, g, h, norms);
    own(x, ranges, g, h, norms);
    double[] direction = load(h);
    int[][] steps = new int[ranges.dim(0)][2 * ranges.dim(1)];
    int[] flat = ids(ranges);
    for (int k = 0; k < steps.length; k++) {
      System.arraycopy(flat, k * steps[k].length, steps[k], 0, steps[k].length);
    }
    double[] norm = tail(s).lissa(load(x), steps, damp, rate, load(g), direction, gaussNewton);
    store(h, direction);
    store(norms, norm);
  }

  @Override
  public void rowSquare(Tensor x, Tensor out) {
    OpShapes.rowSquare(x, out);
    own(x, out);
    int width = x.dim(1);
    double[] row = load(x);
    double[] result = new double[Math.toIntExact(out.size())];
    int at = 0;
    for (int t = 0; t < x.dim(0); t++) {
      for (int j = 0; j < width; j++) {
        for (int i = j; i < width; i++) {
          result[at++] = row[t * width + i] * row[t * width + j];
        }
      }
    }
    store(out, result);
  }
}
