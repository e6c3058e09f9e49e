// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.List;
import java.util.stream.Stream;

/** Tangents of attention, forward and backward. Bounds: {@link AttentionErrors}. */
class AttentionJvpTest extends OpParityTest {

  private static OpCase tangents(String name, AttentionTest.Shape s, boolean absolute) {
    Inputs inputs = new Inputs(17L * s.rows() + s.width(), absolute);
    int t = s.rows();
    OpCase op =
        AttentionTest.qkv(name, s, absolute)
            .in("qDot", inputs.gaussian(t * s.heads() * s.width()), t, s.heads(), s.width())
            .in("kDot", inputs.gaussian(t * s.groups() * s.width()), t, s.groups(), s.width())
            .in("vDot", inputs.gaussian(t * s.groups() * s.width()), t, s.groups(), s.width())
            .rows("qDot", "kDot", "vDot");
    return AttentionTest.leaving(op, AttentionTest.forward(s, Dropout.NONE, absolute));
  }

  static OpCase forward(AttentionTest.Shape s, boolean absolute) {
    return tangents("attentionForwardJvp", s, absolute)
        .out("outDot", s.rows(), s.heads(), s.width())
        .out("lseDot", s.rows(), s.heads())
        .rows("outDot", "lseDot")
        .call(
            (backend, t) ->
                backend.attentionForwardJvp(
                    t.get("offsets"),
                    t.get("q"),
                    t.get("k"),
                    t.get("v"),
                    t.get("qDot"),
                    t.get("kDot"),
                    t.get("vDot"),
                    t.get("out"),
                    t.get("lse"),
                    s.scale(),
                    t.get("outDot"),
                    t.get("lseDot")))
        .rounded(c -> new AttentionErrors(c, s.scale(), Dropout.NONE).forwardJvp());
  }

  static OpCase backward(AttentionTest.Shape s, boolean absolute) {
    Inputs inputs = new Inputs(19L * s.rows() + s.width(), absolute);
    int size = s.rows() * s.heads() * s.width();
    OpCase op = tangents("attentionBackwardJvp", s, absolute);
    AttentionTest.leaving(op, forward(s, absolute));
    return op.in("dout", inputs.gaussian(size), s.rows(), s.heads(), s.width())
        .in("doutDot", inputs.gaussian(size), s.rows(), s.heads(), s.width())
        .out("dqDot", s.rows(), s.heads(), s.width())
        .out("dkDot", s.rows(), s.groups(), s.width())
        .out("dvDot", s.rows(), s.groups(), s.width())
        .rows("dout", "doutDot", "dqDot", "dkDot", "dvDot")
        .call(
            (backend, t) ->
                backend.attentionBackwardJvp(
                    t.get("offsets"),
                    t.get("q"),
                    t.get("k"),
                    t.get("v"),
                    t.get("qDot"),
                    t.get("kDot"),
                    t.get("vDot"),
                    t.get("out"),
                    t.get("outDot"),
                    t.get("lse"),
                    t.get("lseDot"),
                    t.get("dout"),
                    t.get("doutDot"),
                    s.scale(),
                    t.get("dqDot"),
                    t.get("dkDot"),
                    t.get("dvDot")))
        .rounded(c -> new AttentionErrors(c, s.scale(), Dropout.NONE).backwardJvp());
  }

  private static List<OpCase> all(AttentionTest.Shape shape, boolean absolute) {
    return List.of(forward(shape, absolute), backward(shape, absolute));
  }

  @Override
  Stream<OpCase> cases() {
    return AttentionTest.SHAPES.stream()
        .flatMap(s -> Stream.concat(all(s, false).stream(), all(s, true).stream()));
  }

  @Override
  Stream<OpCase> small() {
    return all(new AttentionTest.Shape(4, 2, 3, 2, 3), false).stream();
  }

  @Override
  Stream<OpCase> separable() {
    return all(new AttentionTest.Shape(4, 2, 33, 5, 1, 0, 34, 2), false).stream();
  }
}
