// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import dev.coppice.backend.SurrogateOps.Adam;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every backend against PyTorch's float64 autograd; see golden/README.md. */
class GoldenOpsTest {
  static List<Backends.Candidate> backends() {
    return Backends.all();
  }

  private static Stream<Arguments> attentions() {
    return Stream.of("attention", "attention_grouped")
        .flatMap(name -> Backends.all().stream().map(c -> Arguments.of(name, c)));
  }

  @ParameterizedTest
  @MethodSource("attentions")
  void attention(String name, Backends.Candidate candidate) {
    try (Fixture f = new Fixture(candidate.open(), name)) {
      float scale = (float) (1 / Math.sqrt(f.shape("q")[2]));
      Tensor offsets = f.ids("offsets");
      Tensor q = f.in("q");
      Tensor k = f.in("k");
      Tensor v = f.in("v");
      Tensor dout = f.in("dout");
      Tensor out = f.like("out");
      Tensor lse = f.like("lse");
      f.backend.attentionForward(offsets, q, k, v, scale, Dropout.NONE, null, out, lse);
      f.check("out", out);
      f.check("lse", lse);
      Tensor dq = f.like("q");
      Tensor dk = f.like("k");
      Tensor dv = f.like("v");
      f.backend.attentionBackward(
          offsets, q, k, v, out, lse, dout, scale, Dropout.NONE, null, dq, dk, dv);
      f.check("dq", dq);
      f.check("dk", dk);
      f.check("dv", dv);
      Tensor qDot = f.in("qDot");
      Tensor kDot = f.in("kDot");
      Tensor vDot = f.in("vDot");
      Tensor outDot = f.like("out");
      Tensor lseDot = f.like("lse");
      f.backend.attentionForwardJvp(
          offsets, q, k, v, qDot, kDot, vDot, out, lse, scale, outDot, lseDot);
      f.check("outDot", outDot);
      f.check("lseDot", lseDot);
      f.backend.attentionBackwardJvp(
          offsets,
          q,
          k,
          v,
          qDot,
          kDot,
          vDot,
          out,
          outDot,
          lse,
          lseDot,
          dout,
          f.in("doutDot"),
          scale,
          dq,
          dk,
          dv);
      f.check("dqDot", dq);
      f.check("dkDot", dk);
      f.check("dvDot", dv);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void residualLayerNorm(Backends.Candidate candidate) {
    try (Fixture f = new Fixture(candidate.open(), "residual_layer_norm")) {
      Tensor gamma = f.in("gamma");
      Tensor gammaDot = f.in("gammaDot");
      Tensor dy = f.in("dy");
      Tensor y = f.like("y");
      Tensor xhat = f.like("xhat");
      Tensor rstd = f.like("rstd");
      f.backend.residualLayerNormForward(
          f.in("x"),
          f.in("bias"),
          f.in("residual"),
          gamma,
          f.in("beta"),
          1e-12f,
          Dropout.NONE,
          y,
          xhat,
          rstd);
      f.check("y", y);
      f.check("xhat", xhat);
      f.check("rstd", rstd);
      Tensor ds = f.like("ds");
      Tensor dgamma = f.like("dgamma");
      Tensor dbeta = f.like("dbeta");
      Tensor dbias = f.like("dbias");
      f.backend.residualLayerNormBackward(
          dy, xhat, rstd, gamma, Dropout.NONE, ds, null, dgamma, dbeta, dbias);
      f.check("ds", ds);
      f.check("dgamma", dgamma);
      f.check("dbeta", dbeta);
      f.check("dbias", dbias);
      Tensor xhatDot = f.like("xhat");
      Tensor rstdDot = f.like("rstd");
      f.backend.residualLayerNormForwardJvp(
          f.in("sDot"), xhat, rstd, gamma, gammaDot, f.in("betaDot"), y, xhatDot, rstdDot);
      f.check("yDot", y);
      f.check("xhatDot", xhatDot);
      f.check("rstdDot", rstdDot);
      f.backend.residualLayerNormBackwardJvp(
          dy, f.in("dyDot"), xhat, xhatDot, rstd, rstdDot, gamma, gammaDot, ds, dgamma, dbeta);
      f.check("dsDot", ds);
      f.check("dgammaDot", dgamma);
      f.check("dbetaDot", dbeta);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void biasRelu(Backends.Candidate candidate) {
    try (Fixture f = new Fixture(candidate.open(), "bias_relu")) {
      Tensor y = f.like("y");
      f.backend.biasReluForward(f.in("x"), f.in("bias"), y);
      f.check("y", y);
      Tensor dx = f.like("dx");
      Tensor dbias = f.like("dbias");
      f.backend.biasReluBackward(f.in("dy"), y, dx, dbias);
      f.check("dx", dx);
      f.check("dbias", dbias);
      f.backend.biasReluForwardJvp(f.in("xDot"), f.in("biasDot"), y, dx);
      f.check("yDot", dx);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void sampledBce(Backends.Candidate candidate) {
    try (Fixture f = new Fixture(candidate.open(), "sampled_bce")) {
      Tensor h = f.in("h");
      Tensor table = f.in("table");
      Tensor positives = f.ids("positives");
      Tensor negatives = f.ids("negatives");
      Tensor w = f.in("w");
      Tensor loss = f.like("loss");
      Tensor dpos = f.like("dpos");
      Tensor dneg = f.like("dneg");
      Tensor dh = f.like("dh");
      f.backend.sampledBceForward(h, table, positives, negatives, w, loss, dpos, dneg, dh);
      f.check("loss", loss);
      f.check("dpos", dpos);
      f.check("dneg", dneg);
      f.check("dh", dh);
      f.backend.sampledBceJvp(
          h, f.in("hDot"), table, f.in("tableDot"), positives, negatives, w, loss, dpos, dneg, dh);
      f.check("lossDot", loss);
      f.check("dposDot", dpos);
      f.check("dnegDot", dneg);
      f.check("dhDot", dh);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void adamStep(Backends.Candidate candidate) {
    try (Fixture f = new Fixture(candidate.open(), "adam_step")) {
      Tensor param = f.in("param");
      Tensor grads = f.in("grads");
      Tensor m = f.like("m");
      Tensor v = f.like("v");
      f.backend.fill(m, 0);
      f.backend.fill(v, 0);
      for (int step = 1; step <= 3; step++) {
        Tensor grad = grads.rows(step - 1, 1).reshape(grads.dim(1));
        f.backend.adamStep(param, grad, m, v, Adam.DEFAULT, step);
      }
      f.check("paramAfter", param);
      f.check("m", m);
      f.check("v", v);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void linearGradSqNorm(Backends.Candidate candidate) {
    try (Fixture f = new Fixture(candidate.open(), "linear_grad_sqnorm")) {
      Tensor out = f.like("out");
      f.backend.linearGradSqNorm(f.ids("offsets"), f.in("act"), f.in("delta"), out);
      f.check("out", out);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void rmsNorm(Backends.Candidate candidate) {
    try (Fixture f = new Fixture(candidate.open(), "rms_norm")) {
      Tensor x = f.in("x");
      Tensor weight = f.in("weight");
      Tensor y = f.like("y");
      Tensor rstd = f.like("rstd");
      f.backend.rmsNormForward(x, weight, 1e-6f, y, rstd);
      f.check("y", y);
      f.check("rstd", rstd);
      f.backend.rmsNormBackward(f.in("dy"), x, rstd, weight, false, y);
      f.check("dx", y);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void rope(Backends.Candidate candidate) {
    try (Fixture f = new Fixture(candidate.open(), "rope")) {
      Tensor positions = f.ids("positions");
      Tensor cosines = f.in("cosines");
      Tensor sines = f.in("sines");
      Tensor x = f.in("x");
      f.backend.ropeForward(positions, cosines, sines, false, x);
      f.check("y", x);
      Tensor dy = f.in("dy");
      f.backend.ropeForward(positions, cosines, sines, true, dy);
      f.check("dx", dy);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void swiglu(Backends.Candidate candidate) {
    try (Fixture f = new Fixture(candidate.open(), "swiglu")) {
      Tensor gate = f.in("gate");
      Tensor up = f.in("up");
      Tensor out = f.like("out");
      f.backend.swigluForward(gate, up, out);
      f.check("out", out);
      f.backend.swigluBackward(f.in("dout"), gate, up, gate, up);
      f.check("dgate", gate);
      f.check("dup", up);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void crossEntropy(Backends.Candidate candidate) {
    try (Fixture f = new Fixture(candidate.open(), "cross_entropy")) {
      Tensor logits = f.in("logits");
      Tensor loss = f.like("loss");
      f.backend.crossEntropy(0, f.ids("targets"), f.in("w"), logits, loss);
      f.check("loss", loss);
      f.check("dlogits", logits);
    }
  }
}
