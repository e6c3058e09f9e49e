// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static dev.coppice.backend.nativelib.Coppice.*;

/** {@link InfluenceOps}: each operation's shape rule, then its function of {@code coppice.h}. */
abstract class NativeInfluenceOps extends NativeSurrogateOps {

  @Override
  public void denseTailHvp(
      DenseTailState s, boolean gaussNewton, Tensor x, Tensor direction, Tensor out) {
    OpShapes.denseTail(s);
    OpShapes.likeRows(s.hidden(), x);
    OpShapes.likeRows(s.firstWeight(), direction, out);
    NativeBackend.check(
        cop_dense_tail_hvp(
            context(),
            s.hidden().dim(0),
            s.hidden().dim(1),
            s.table().dim(0),
            flag(gaussNewton),
            in(x),
            in(s.middleXhat()),
            in(s.middleRstd()),
            in(s.middleGamma()),
            in(s.first()),
            in(s.firstWeight()),
            in(s.second()),
            in(s.secondWeight()),
            in(s.hidden()),
            in(s.outXhat()),
            in(s.outRstd()),
            in(s.outGamma()),
            in(s.table()),
            in(s.positives()),
            in(s.negatives()),
            in(s.w()),
            in(s.dhidden()),
            in(s.dmiddle()),
            in(direction),
            in(out)));
  }

  @Override
  public void denseTailCurvature(DenseTailState s, boolean gaussNewton, Tensor out) {
    OpShapes.denseTail(s);
    int width = s.hidden().dim(1);
    Shapes.f32("out", out, s.hidden().dim(0), Math.toIntExact(InfluenceOps.triangle(width)));
    NativeBackend.check(
        cop_dense_tail_curvature(
            context(),
            s.hidden().dim(0),
            width,
            s.table().dim(0),
            flag(gaussNewton),
            in(s.middleXhat()),
            in(s.middleRstd()),
            in(s.middleGamma()),
            in(s.first()),
            in(s.firstWeight()),
            in(s.second()),
            in(s.secondWeight()),
            in(s.hidden()),
            in(s.outXhat()),
            in(s.outRstd()),
            in(s.outGamma()),
            in(s.table()),
            in(s.positives()),
            in(s.negatives()),
            in(s.w()),
            in(s.dhidden()),
            in(s.dmiddle()),
            in(out)));
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
    NativeBackend.check(
        cop_dense_tail_lissa(
            context(),
            s.hidden().dim(0),
            s.hidden().dim(1),
            s.table().dim(0),
            flag(gaussNewton),
            in(x),
            in(s.middleXhat()),
            in(s.middleRstd()),
            in(s.middleGamma()),
            in(s.first()),
            in(s.firstWeight()),
            in(s.second()),
            in(s.secondWeight()),
            in(s.hidden()),
            in(s.outXhat()),
            in(s.outRstd()),
            in(s.outGamma()),
            in(s.table()),
            in(s.positives()),
            in(s.negatives()),
            in(s.w()),
            in(s.dhidden()),
            in(s.dmiddle()),
            ranges.dim(0),
            ranges.dim(1),
            in(ranges),
            (float) damp,
            (float) rate,
            in(g),
            in(h),
            in(norms)));
  }

  @Override
  public void rowSquare(Tensor x, Tensor out) {
    OpShapes.rowSquare(x, out);
    NativeBackend.check(cop_row_square(context(), x.dim(0), x.dim(1), in(x), in(out)));
  }
}
