// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static dev.coppice.backend.nativelib.Coppice.*;

/** {@link SurrogateOps}: each operation's shape rule, then its function of {@code coppice.h}. */
abstract class NativeSurrogateOps extends NativeCoreOps {

  @Override
  public void biasReluForward(Tensor x, Tensor bias, Tensor y) {
    OpShapes.biasRelu(x, bias, y);
    NativeBackend.check(
        cop_bias_relu_forward(context(), x.dim(0), x.dim(1), in(x), in(bias), in(y)));
  }

  @Override
  public void biasReluBackward(Tensor dy, Tensor y, Tensor dx, Tensor dbias) {
    OpShapes.biasReluBackward(dy, y, dx, dbias);
    NativeBackend.check(
        cop_bias_relu_backward(context(), dy.dim(0), dy.dim(1), in(dy), in(y), in(dx), in(dbias)));
  }

  @Override
  public void biasReluForwardJvp(Tensor xDot, Tensor biasDot, Tensor y, Tensor yDot) {
    OpShapes.biasRelu(xDot, biasDot, y);
    OpShapes.likeRows(y, yDot);
    NativeBackend.check(
        cop_bias_relu_forward_jvp(
            context(), xDot.dim(0), xDot.dim(1), in(xDot), in(biasDot), in(y), in(yDot)));
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
    NativeBackend.check(
        cop_residual_layer_norm_forward(
            context(),
            x.dim(0),
            x.dim(1),
            in(x),
            in(bias),
            in(residual),
            in(gamma),
            in(beta),
            eps,
            dropout.rate(),
            dropout.seed(),
            dropout.step(),
            dropout.site(),
            dropout.first(),
            in(y),
            in(xhat),
            in(rstd)));
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
    NativeBackend.check(
        cop_residual_layer_norm_backward(
            context(),
            dy.dim(0),
            dy.dim(1),
            in(dy),
            in(xhat),
            in(rstd),
            in(gamma),
            dropout.rate(),
            dropout.seed(),
            dropout.step(),
            dropout.site(),
            dropout.first(),
            in(ds),
            in(dx),
            in(dgamma),
            in(dbeta),
            in(dbias)));
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
    OpShapes.likeRows(rstd, rstdDot);
    NativeBackend.check(
        cop_residual_layer_norm_forward_jvp(
            context(),
            sDot.dim(0),
            sDot.dim(1),
            in(sDot),
            in(xhat),
            in(rstd),
            in(gamma),
            in(gammaDot),
            in(betaDot),
            in(yDot),
            in(xhatDot),
            in(rstdDot)));
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
    OpShapes.likeRows(xhat, xhatDot);
    OpShapes.likeRows(rstd, rstdDot);
    OpShapes.columns(dy.dim(1), gammaDot, dgammaDot, dbetaDot);
    NativeBackend.check(
        cop_residual_layer_norm_backward_jvp(
            context(),
            dy.dim(0),
            dy.dim(1),
            in(dy),
            in(dyDot),
            in(xhat),
            in(xhatDot),
            in(rstd),
            in(rstdDot),
            in(gamma),
            in(gammaDot),
            in(dsDot),
            in(dgammaDot),
            in(dbetaDot)));
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
    NativeBackend.check(
        cop_attention_forward_jvp(
            context(),
            offsets.dim(0) - 1,
            q.dim(1),
            k.dim(1),
            q.dim(2),
            in(offsets),
            in(q),
            in(k),
            in(v),
            in(qDot),
            in(kDot),
            in(vDot),
            in(out),
            in(lse),
            (float) scale,
            in(outDot),
            in(lseDot)));
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
    NativeBackend.check(
        cop_attention_backward_jvp(
            context(),
            offsets.dim(0) - 1,
            q.dim(1),
            k.dim(1),
            q.dim(2),
            in(offsets),
            in(q),
            in(k),
            in(v),
            in(qDot),
            in(kDot),
            in(vDot),
            in(out),
            in(outDot),
            in(lse),
            in(lseDot),
            in(dout),
            in(doutDot),
            (float) scale,
            in(dqDot),
            in(dkDot),
            in(dvDot)));
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
    NativeBackend.check(
        cop_sampled_bce_forward(
            context(),
            h.dim(0),
            h.dim(1),
            table.dim(0),
            in(h),
            in(table),
            in(positives),
            in(negatives),
            in(w),
            in(loss),
            in(dpos),
            in(dneg),
            in(dh)));
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
    NativeBackend.check(
        cop_sampled_bce_jvp(
            context(),
            h.dim(0),
            h.dim(1),
            table.dim(0),
            in(h),
            in(hDot),
            in(table),
            in(tableDot),
            in(positives),
            in(negatives),
            in(w),
            in(lossDot),
            in(dposDot),
            in(dnegDot),
            in(dhDot)));
  }

  @Override
  public void sampledBceBackward(
      Tensor dpos, Tensor dneg, Tensor table, Tensor positives, Tensor negatives, Tensor dh) {
    OpShapes.sampledBce(dh, table, positives, negatives, dpos);
    OpShapes.likeRows(dpos, dneg);
    NativeBackend.check(
        cop_sampled_bce_backward(
            context(),
            dh.dim(0),
            dh.dim(1),
            table.dim(0),
            in(dpos),
            in(dneg),
            in(table),
            in(positives),
            in(negatives),
            in(dh)));
  }

  @Override
  public void adamStep(Tensor param, Tensor grad, Tensor m, Tensor v, Adam adam, long step) {
    OpShapes.adam(param, grad, m, v, step);
    NativeBackend.check(
        cop_adam_step(
            context(),
            param.size(),
            in(param),
            in(grad),
            in(m),
            in(v),
            adam.lr(),
            adam.beta1(),
            adam.beta2(),
            adam.eps(),
            step));
  }

  @Override
  public void itemTopK(Tensor h, Tensor table, Tensor maskOffsets, Tensor maskIds, Tensor ids) {
    OpShapes.itemTopK(h, table, maskOffsets, maskIds, ids);
    NativeBackend.check(
        cop_item_topk(
            context(),
            h.dim(0),
            h.dim(1),
            table.dim(0),
            ids.dim(1),
            in(h),
            in(table),
            in(maskOffsets),
            in(maskIds),
            in(ids)));
  }
}
