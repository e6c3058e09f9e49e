// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

/** {@link SurrogateOps}: each operation's shape rule, then its formula on arrays. */
abstract class ReferenceSurrogateOps extends ReferenceCoreOps {

  @Override
  public void biasReluForward(Tensor x, Tensor bias, Tensor y) {
    OpShapes.biasRelu(x, bias, y);
    own(x, bias, y);
    store(y, ReferenceElementwise.biasRelu(load(x), load(bias)));
  }

  @Override
  public void biasReluBackward(Tensor dy, Tensor y, Tensor dx, Tensor dbias) {
    OpShapes.biasReluBackward(dy, y, dx, dbias);
    own(dy, y, dx, dbias);
    double[] gradient = ReferenceElementwise.reluMask(load(dy), load(y));
    store(dx, gradient);
    store(dbias, ReferenceReductions.columnSum(dy.dim(1), gradient));
  }

  @Override
  public void biasReluForwardJvp(Tensor xDot, Tensor biasDot, Tensor y, Tensor yDot) {
    OpShapes.biasRelu(xDot, biasDot, y);
    OpShapes.likeRows(y, yDot);
    own(xDot, biasDot, y, yDot);
    double[] sumDot = ReferenceElementwise.addBias(load(xDot), load(biasDot));
    store(yDot, ReferenceElementwise.reluMask(sumDot, load(y)));
  }

  @Override
  public void residualLayerNormForward(
      Tensor x,
      Tensor bias,
      Tensor residual,
      Tensor gamma,
      Tensor beta,
      float eps,
      Dropout dropout,
      Tensor y,
      Tensor xhat,
      Tensor rstd) {
    OpShapes.layerNormForward(x, bias, residual, gamma, beta, y, xhat, rstd);
    own(x, bias, residual, gamma, beta, y, xhat, rstd);
    double[] s = ReferenceDropout.apply(dropout, ReferenceElementwise.addBias(load(x), load(bias)));
    if (residual != null) {
      s = ReferenceElementwise.axpy(1, load(residual), s);
    }
    double[] normalized = new double[s.length];
    double[] scale = new double[x.dim(0)];
    ReferenceLayerNorm.normalize(x.dim(1), s, eps, normalized, scale);
    double[] result = ReferenceLayerNorm.affine(normalized, load(gamma), load(beta));
    store(y, result);
    store(xhat, normalized);
    store(rstd, scale);
  }

  @Override
  public void residualLayerNormBackward(
      Tensor dy,
      Tensor xhat,
      Tensor rstd,
      Tensor gamma,
      Dropout dropout,
      Tensor ds,
      Tensor dx,
      Tensor dgamma,
      Tensor dbeta,
      Tensor dbias) {
    OpShapes.layerNormBackward(dy, xhat, rstd, gamma, dropout, ds, dx);
    OpShapes.columns(dy.dim(1), dgamma, dbeta, dbias);
    own(dy, xhat, rstd, gamma, ds, dx, dgamma, dbeta, dbias);
    int width = dy.dim(1);
    double[] gradient = load(dy);
    double[] normalized = load(xhat);
    double[] u = ReferenceLayerNorm.affine(gradient, load(gamma), null);
    double[] sum = ReferenceLayerNorm.project(width, u, normalized, load(rstd));
    double[] input = ReferenceDropout.apply(dropout, sum);
    store(ds, sum);
    store(dx, input);
    store(dgamma, ReferenceLayerNorm.columnDot(width, gradient, normalized));
    store(dbeta, ReferenceReductions.columnSum(width, gradient));
    store(dbias, ReferenceReductions.columnSum(width, input));
  }

  @Override
  public void residualLayerNormForwardJvp(
      Tensor sDot,
      Tensor xhat,
      Tensor rstd,
      Tensor gamma,
      Tensor gammaDot,
      Tensor betaDot,
      Tensor yDot,
      Tensor xhatDot,
      Tensor rstdDot) {
    OpShapes.layerNormBackward(sDot, xhat, rstd, gamma, Dropout.NONE, yDot, xhatDot);
    OpShapes.columns(sDot.dim(1), gammaDot, betaDot);
    OpShapes.likeRows(xhat, xhatDot);
    OpShapes.likeRows(rstd, rstdDot);
    own(sDot, xhat, rstd, gamma, gammaDot, betaDot, yDot, xhatDot, rstdDot);
    int width = sDot.dim(1);
    double[] normalized = load(xhat);
    double[] tangent = ReferenceLayerNorm.project(width, load(sDot), normalized, load(rstd));
    double[] result = ReferenceLayerNorm.affine(tangent, load(gamma), load(betaDot));
    if (gammaDot != null) {
      double[] scaled = ReferenceLayerNorm.affine(normalized, load(gammaDot), null);
      result = ReferenceElementwise.axpy(1, scaled, result);
    }
    double[] scaleDot = ReferenceLayerNorm.rstdDot(width, load(sDot), normalized, load(rstd));
    store(yDot, result);
    store(xhatDot, tangent);
    store(rstdDot, scaleDot);
  }

  @Override
  public void residualLayerNormBackwardJvp(
      Tensor dy,
      Tensor dyDot,
      Tensor xhat,
      Tensor xhatDot,
      Tensor rstd,
      Tensor rstdDot,
      Tensor gamma,
      Tensor gammaDot,
      Tensor dsDot,
      Tensor dgammaDot,
      Tensor dbetaDot) {
    OpShapes.layerNormBackward(dy, xhat, rstd, gamma, Dropout.NONE, dsDot, dyDot);
    OpShapes.likeRows(xhat, dyDot, xhatDot);
    OpShapes.likeRows(rstd, rstdDot);
    OpShapes.columns(dy.dim(1), gammaDot, dgammaDot, dbetaDot);
    own(dy, dyDot, xhat, xhatDot, rstd, rstdDot, gamma, gammaDot, dsDot, dgammaDot, dbetaDot);
    int width = dy.dim(1);
    double[] gradient = load(dy);
    double[] gradientDot = load(dyDot);
    double[] normalized = load(xhat);
    double[] normalizedDot = load(xhatDot);
    double[] scale = load(gamma);
    double[] u = ReferenceLayerNorm.affine(gradient, scale, null);
    double[] uDot = ReferenceLayerNorm.affine(gradientDot, scale, null);
    if (gammaDot != null) {
      double[] turned = ReferenceLayerNorm.affine(gradient, load(gammaDot), null);
      uDot = ReferenceElementwise.axpy(1, turned, uDot);
    }
    double[] result =
        ReferenceLayerNorm.projectJvp(
            width, u, uDot, normalized, normalizedDot, load(rstd), load(rstdDot));
    store(dsDot, result);
    store(
        dgammaDot,
        ReferenceElementwise.axpy(
            1,
            ReferenceLayerNorm.columnDot(width, gradientDot, normalized),
            ReferenceLayerNorm.columnDot(width, gradient, normalizedDot)));
    store(dbetaDot, ReferenceReductions.columnSum(width, gradientDot));
  }

  private ReferenceAttentionJvp attentionJvp(
      Tensor offsets,
      Tensor q,
      Tensor k,
      Tensor v,
      Tensor qDot,
      Tensor kDot,
      Tensor vDot,
      double scale) {
    return new ReferenceAttentionJvp(
        attention(offsets, q, k, AttentionRule.scaled(scale), Dropout.NONE, null),
        load(q),
        load(k),
        load(v),
        load(qDot),
        load(kDot),
        load(vDot));
  }

  @Override
  public void attentionForwardJvp(
      Tensor offsets,
      Tensor q,
      Tensor k,
      Tensor v,
      Tensor qDot,
      Tensor kDot,
      Tensor vDot,
      Tensor out,
      Tensor lse,
      double scale,
      Tensor outDot,
      Tensor lseDot) {
    OpShapes.attention(offsets, q, k, v, AttentionRule.scaled(scale), Dropout.NONE, null);
    OpShapes.attentionOut(q, out, lse);
    OpShapes.attentionOut(q, outDot, lseDot);
    OpShapes.likeRows(q, qDot);
    OpShapes.likeRows(k, kDot, vDot);
    own(offsets, q, k, v, qDot, kDot, vDot, out, lse, outDot, lseDot);
    double[] result = packedZeros(out, outDot, ids(offsets));
    double[] logSumExpDot = packedZeros(lse, lseDot, ids(offsets));
    attentionJvp(offsets, q, k, v, qDot, kDot, vDot, scale)
        .forward(load(lse), result, logSumExpDot);
    store(outDot, result);
    store(lseDot, logSumExpDot);
  }

  @Override
  public void attentionBackwardJvp(
      Tensor offsets,
      Tensor q,
      Tensor k,
      Tensor v,
      Tensor qDot,
      Tensor kDot,
      Tensor vDot,
      Tensor out,
      Tensor outDot,
      Tensor lse,
      Tensor lseDot,
      Tensor dout,
      Tensor doutDot,
      double scale,
      Tensor dqDot,
      Tensor dkDot,
      Tensor dvDot) {
    OpShapes.attention(offsets, q, k, v, AttentionRule.scaled(scale), Dropout.NONE, null);
    OpShapes.attentionOut(q, out, lse);
    OpShapes.attentionOut(q, outDot, lseDot);
    OpShapes.likeRows(q, qDot, dout, doutDot, dqDot);
    OpShapes.likeRows(k, kDot, vDot, dkDot, dvDot);
    own(offsets, q, k, v, qDot, kDot, vDot, out, outDot, lse, lseDot, dout, doutDot);
    own(dqDot, dkDot, dvDot);
    ReferenceAttentionJvp.Kept kept =
        new ReferenceAttentionJvp.Kept(
            load(out), load(outDot), load(lse), load(lseDot), load(dout), load(doutDot));
    double[] gradQ = packedZeros(q, dqDot, ids(offsets));
    double[] gradK = packedZeros(k, dkDot, ids(offsets));
    double[] gradV = packedZeros(v, dvDot, ids(offsets));
    attentionJvp(offsets, q, k, v, qDot, kDot, vDot, scale).backward(kept, gradQ, gradK, gradV);
    store(dqDot, gradQ);
    store(dkDot, gradK);
    store(dvDot, gradV);
  }

  @Override
  public void sampledBceForward(
      Tensor h,
      Tensor table,
      Tensor positives,
      Tensor negatives,
      Tensor w,
      Tensor loss,
      Tensor dpos,
      Tensor dneg,
      Tensor dh) {
    OpShapes.sampledBce(h, table, positives, negatives, w);
    OpShapes.likeRows(w, loss, dpos, dneg);
    Shapes.optional("dh", dh, h.dims());
    own(h, table, positives, negatives, w, loss, dpos, dneg, dh);
    int rows = h.dim(0);
    double[] value = new double[rows];
    double[] positive = new double[rows];
    double[] negative = new double[rows];
    double[] gradient = new double[Math.toIntExact(h.size())];
    new ReferenceSampledBce(load(h), load(table), ids(positives), ids(negatives), load(w))
        .forward(value, positive, negative, gradient);
    store(loss, value);
    store(dpos, positive);
    store(dneg, negative);
    store(dh, gradient);
  }

  @Override
  public void sampledBceJvp(
      Tensor h,
      Tensor hDot,
      Tensor table,
      Tensor tableDot,
      Tensor positives,
      Tensor negatives,
      Tensor w,
      Tensor lossDot,
      Tensor dposDot,
      Tensor dnegDot,
      Tensor dhDot) {
    OpShapes.sampledBce(h, table, positives, negatives, w);
    OpShapes.likeRows(h, hDot, dhDot);
    Shapes.optional("tableDot", tableDot, table.dims());
    OpShapes.likeRows(w, dposDot, dnegDot);
    Shapes.optional("lossDot", lossDot, w.dims());
    own(h, hDot, table, tableDot, positives, negatives, w, lossDot, dposDot, dnegDot, dhDot);
    int rows = h.dim(0);
    double[] value = new double[rows];
    double[] positive = new double[rows];
    double[] negative = new double[rows];
    double[] gradient = new double[Math.toIntExact(h.size())];
    new ReferenceSampledBce(load(h), load(table), ids(positives), ids(negatives), load(w))
        .jvp(load(hDot), load(tableDot), value, positive, negative, gradient);
    store(lossDot, value);
    store(dposDot, positive);
    store(dnegDot, negative);
    store(dhDot, gradient);
  }

  @Override
  public void sampledBceBackward(
      Tensor dpos, Tensor dneg, Tensor table, Tensor positives, Tensor negatives, Tensor dh) {
    OpShapes.sampledBce(dh, table, positives, negatives, dpos);
    OpShapes.likeRows(dpos, dneg);
    own(dpos, dneg, table, positives, negatives, dh);
    double[] gradient = new double[Math.toIntExact(dh.size())];
    new ReferenceSampledBce(gradient, load(table), ids(positives), ids(negatives), load(dpos))
        .backward(load(dpos), load(dneg), gradient);
    store(dh, gradient);
  }

  @Override
  public void adamStep(Tensor param, Tensor grad, Tensor m, Tensor v, Adam adam, long step) {
    OpShapes.adam(param, grad, m, v, step);
    own(param, grad, m, v);
    double[] value = load(param);
    double[] first = load(m);
    double[] second = load(v);
    ReferenceElementwise.adam(value, load(grad), first, second, adam, step);
    store(param, value);
    store(m, first);
    store(v, second);
  }

  @Override
  public void itemTopK(Tensor h, Tensor table, Tensor maskOffsets, Tensor maskIds, Tensor ids) {
    OpShapes.itemTopK(h, table, maskOffsets, maskIds, ids);
    own(h, table, maskOffsets, maskIds, ids);
    ids.write(
        ReferenceItemTopK.topK(
            h.dim(0),
            table.dim(0),
            ids.dim(1),
            load(h),
            load(table),
            ids(maskOffsets),
            ids(maskIds)));
  }
}
