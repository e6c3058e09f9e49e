// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static dev.coppice.backend.nativelib.Coppice.*;

/** {@link LanguageOps}: each operation's shape rule, then its function of {@code coppice.h}. */
abstract class NativeLanguageOps extends NativeInfluenceOps {

  @Override
  public void rmsNormForward(Tensor x, Tensor weight, float eps, Tensor y, Tensor rstd) {
    OpShapes.rmsNorm(x, weight, y, rstd);
    NativeBackend.check(
        cop_rms_norm_forward(
            context(), x.dim(0), x.dim(1), in(x), in(weight), eps, in(y), in(rstd)));
  }

  @Override
  public void rmsNormBackward(
      Tensor dy, Tensor x, Tensor rstd, Tensor weight, boolean accumulate, Tensor dx) {
    OpShapes.rmsNorm(x, weight, dy, rstd);
    OpShapes.likeRows(x, dx);
    NativeBackend.check(
        cop_rms_norm_backward(
            context(),
            x.dim(0),
            x.dim(1),
            in(dy),
            in(x),
            in(rstd),
            in(weight),
            flag(accumulate),
            in(dx)));
  }

  @Override
  public void ropeForward(
      Tensor positions, Tensor cosines, Tensor sines, boolean inverse, Tensor x) {
    OpShapes.rope(positions, cosines, sines, x);
    NativeBackend.check(
        cop_rope_forward(
            context(),
            x.dim(0),
            x.dim(1),
            x.dim(2),
            2 * cosines.dim(1),
            cosines.dim(0),
            in(positions),
            in(cosines),
            in(sines),
            flag(inverse),
            in(x)));
  }

  @Override
  public void swigluForward(Tensor gate, Tensor up, Tensor out) {
    OpShapes.likeRows(gate, up, out);
    NativeBackend.check(cop_swiglu_forward(context(), gate.size(), in(gate), in(up), in(out)));
  }

  @Override
  public void swigluBackward(Tensor dout, Tensor gate, Tensor up, Tensor dgate, Tensor dup) {
    OpShapes.likeRows(gate, dout, up, dgate, dup);
    NativeBackend.check(
        cop_swiglu_backward(
            context(), gate.size(), in(dout), in(gate), in(up), in(dgate), in(dup)));
  }

  @Override
  public void gegluForward(Tensor gate, Tensor up, Tensor out) {
    OpShapes.likeRows(gate, up, out);
    NativeBackend.check(cop_geglu_forward(context(), gate.size(), in(gate), in(up), in(out)));
  }

  @Override
  public void gegluBackward(Tensor dout, Tensor gate, Tensor up, Tensor dgate, Tensor dup) {
    OpShapes.likeRows(gate, dout, up, dgate, dup);
    NativeBackend.check(
        cop_geglu_backward(context(), gate.size(), in(dout), in(gate), in(up), in(dgate), in(dup)));
  }

  @Override
  public void crossEntropy(double cap, Tensor targets, Tensor w, Tensor logits, Tensor loss) {
    OpShapes.crossEntropy(cap, targets, w, logits, loss);
    NativeBackend.check(
        cop_cross_entropy(
            context(),
            logits.dim(0),
            logits.dim(1),
            (float) cap,
            in(targets),
            in(w),
            in(logits),
            in(loss)));
  }
}
