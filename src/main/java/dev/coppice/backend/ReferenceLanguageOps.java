// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

/** {@link LanguageOps}: each operation's shape rule, then its formula on arrays. */
abstract class ReferenceLanguageOps extends ReferenceInfluenceOps {

  @Override
  public void rmsNormForward(Tensor x, Tensor weight, float eps, Tensor y, Tensor rstd) {
    OpShapes.rmsNorm(x, weight, y, rstd);
    own(x, weight, y, rstd);
    double[] result = new double[Math.toIntExact(x.size())];
    double[] scale = new double[x.dim(0)];
    ReferenceRmsNorm.forward(load(x), load(weight), eps, result, scale);
    store(y, result);
    store(rstd, scale);
  }

  @Override
  public void rmsNormBackward(
      Tensor dy, Tensor x, Tensor rstd, Tensor weight, boolean accumulate, Tensor dx) {
    OpShapes.rmsNorm(x, weight, dy, rstd);
    OpShapes.likeRows(x, dx);
    own(dy, x, rstd, weight, dx);
    double[] gradient = accumulate ? load(dx) : new double[Math.toIntExact(x.size())];
    ReferenceRmsNorm.backward(load(dy), load(x), load(rstd), load(weight), gradient);
    store(dx, gradient);
  }

  @Override
  public void ropeForward(
      Tensor positions, Tensor cosines, Tensor sines, boolean inverse, Tensor x) {
    OpShapes.rope(positions, cosines, sines, x);
    own(positions, cosines, sines, x);
    double[] turned = load(x);
    ReferenceLanguage.rope(
        ids(positions),
        x.dim(1),
        x.dim(2),
        cosines.dim(1),
        load(cosines),
        load(sines),
        inverse,
        turned);
    store(x, turned);
  }

  @Override
  public void swigluForward(Tensor gate, Tensor up, Tensor out) {
    OpShapes.likeRows(gate, up, out);
    own(gate, up, out);
    store(out, ReferenceLanguage.swiglu(load(gate), load(up)));
  }

  @Override
  public void swigluBackward(Tensor dout, Tensor gate, Tensor up, Tensor dgate, Tensor dup) {
    OpShapes.likeRows(gate, dout, up, dgate, dup);
    own(dout, gate, up, dgate, dup);
    double[] gradGate = new double[Math.toIntExact(gate.size())];
    double[] gradUp = new double[Math.toIntExact(up.size())];
    ReferenceLanguage.swigluBackward(load(dout), load(gate), load(up), gradGate, gradUp);
    store(dgate, gradGate);
    store(dup, gradUp);
  }

  @Override
  public void gegluForward(Tensor gate, Tensor up, Tensor out) {
    OpShapes.likeRows(gate, up, out);
    own(gate, up, out);
    store(out, ReferenceLanguage.geglu(load(gate), load(up)));
  }

  @Override
  public void gegluBackward(Tensor dout, Tensor gate, Tensor up, Tensor dgate, Tensor dup) {
    OpShapes.likeRows(gate, dout, up, dgate, dup);
    own(dout, gate, up, dgate, dup);
    double[] gradGate = new double[Math.toIntExact(gate.size())];
    double[] gradUp = new double[Math.toIntExact(up.size())];
    ReferenceLanguage.gegluBackward(load(dout), load(gate), load(up), gradGate, gradUp);
    store(dgate, gradGate);
    store(dup, gradUp);
  }

  @Override
  public void crossEntropy(double cap, Tensor targets, Tensor w, Tensor logits, Tensor loss) {
    OpShapes.crossEntropy(cap, targets, w, logits, loss);
    own(targets, w, logits, loss);
    double[] gradient = load(logits);
    double[] value = new double[logits.dim(0)];
    ReferenceLanguage.crossEntropy(cap, ids(targets), load(w), gradient, value);
    store(logits, gradient);
    store(loss, value);
  }
}
