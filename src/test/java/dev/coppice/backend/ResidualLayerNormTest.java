// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Bounds: {@link LayerNormErrors}. */
class ResidualLayerNormTest extends OpParityTest {
  private static final float EPS = 1e-12f;
  private static final int[][] SHAPES = {
    {0, 3}, {1, 2}, {2, 7}, {7, 31}, {31, 33}, {32, 64}, {63, 65}, {257, 32}, {3, 997}, {700, 64}
  };

  /** Which arguments are given, and whether results replace inputs. */
  record Form(boolean vectors, boolean residual, boolean inPlace, Dropout dropout) {}

  private static final List<Form> FORMS = forms();

  private static List<Form> forms() {
    Dropout half = new Dropout(0.5f, 7, 3, 9);
    return List.of(
        new Form(true, true, false, Dropout.NONE),
        new Form(true, true, false, half),
        new Form(false, false, false, Dropout.NONE),
        new Form(false, true, true, half),
        new Form(true, true, true, new Dropout(0.5f, 7, 3, 9, 4321)),
        new Form(true, false, true, Dropout.NONE));
  }

  static OpCase forward(Form form, int rows, int width, boolean absolute) {
    Inputs inputs = new Inputs(31L * rows + width, absolute);
    return new OpCase("residualLayerNormForward " + form.dropout.rate())
        .in("x", inputs.gaussian(rows * width), rows, width)
        .in(form.vectors, "bias", () -> inputs.gaussian(width), width)
        .in(form.residual, "residual", () -> inputs.gaussian(rows * width), rows, width)
        .in("gamma", inputs.gaussian(width), width)
        .in("beta", inputs.gaussian(width), width)
        .out("y", rows, width)
        .out("xhat", rows, width)
        .out("rstd", rows)
        .rows("x", "residual", "y", "xhat", "rstd")
        .call(
            (backend, t) ->
                backend.residualLayerNormForward(
                    t.get("x"),
                    t.get("bias"),
                    t.get("residual"),
                    t.get("gamma"),
                    t.get("beta"),
                    EPS,
                    form.dropout,
                    t.get("y"),
                    t.get("xhat"),
                    t.get("rstd")))
        .rounded(c -> LayerNormErrors.forward(c, EPS, form.dropout));
  }

  /** xhat and rstd as a forward pass leaves them. */
  private static OpCase kept(OpCase op, int rows, int width) {
    Inputs inputs = new Inputs(17L * rows + width, false);
    float[] xhat = new float[rows * width];
    float[] rstd = new float[rows];
    double[] normalized = new double[xhat.length];
    double[] scale = new double[rows];
    double[] s = new double[xhat.length];
    float[] values = inputs.gaussian(s.length, 1.7);
    for (int i = 0; i < s.length; i++) {
      s[i] = values[i];
    }
    ReferenceLayerNorm.normalize(width, s, EPS, normalized, scale);
    for (int i = 0; i < xhat.length; i++) {
      xhat[i] = (float) normalized[i];
    }
    for (int t = 0; t < rows; t++) {
      rstd[t] = (float) scale[t];
    }
    return op.in("xhat", xhat, rows, width).in("rstd", rstd, rows);
  }

  static OpCase backward(Form form, int rows, int width, boolean absolute) {
    Inputs inputs = new Inputs(31L * rows + width, absolute);
    float[] dy = inputs.gaussian(rows * width);
    boolean masked = form.dropout.rate() > 0;
    OpCase op = new OpCase("residualLayerNormBackward " + form.dropout.rate());
    op = form.inPlace ? op.inOut("dy", dy, rows, width) : op.in("dy", dy, rows, width);
    return kept(op, rows, width)
        .in("gamma", inputs.gaussian(width), width)
        .out(!form.inPlace, "ds", rows, width)
        .out(masked, "dx", rows, width)
        .out(form.vectors, "dgamma", width)
        .out(form.vectors, "dbeta", width)
        .out(form.vectors, "dbias", width)
        .rows("dy", "xhat", "rstd", "ds", "dx")
        .call(
            (backend, t) ->
                backend.residualLayerNormBackward(
                    t.get("dy"),
                    t.get("xhat"),
                    t.get("rstd"),
                    t.get("gamma"),
                    form.dropout,
                    t.get(form.inPlace ? "dy" : "ds"),
                    t.get("dx"),
                    t.get("dgamma"),
                    t.get("dbeta"),
                    t.get("dbias")))
        .rounded(c -> LayerNormErrors.backward(c, form.inPlace ? "dy" : "ds", form.dropout));
  }

  static OpCase forwardJvp(boolean vectors, int rows, int width, boolean absolute) {
    Inputs inputs = new Inputs(31L * rows + width, absolute);
    OpCase op =
        new OpCase("residualLayerNormForwardJvp")
            .in("sDot", inputs.gaussian(rows * width), rows, width);
    return kept(op, rows, width)
        .in("gamma", inputs.gaussian(width), width)
        .in(vectors, "gammaDot", () -> inputs.gaussian(width), width)
        .in(vectors, "betaDot", () -> inputs.gaussian(width), width)
        .out("yDot", rows, width)
        .out("xhatDot", rows, width)
        .out("rstdDot", rows)
        .rows("sDot", "xhat", "rstd", "yDot", "xhatDot", "rstdDot")
        .call(
            (backend, t) ->
                backend.residualLayerNormForwardJvp(
                    t.get("sDot"),
                    t.get("xhat"),
                    t.get("rstd"),
                    t.get("gamma"),
                    t.get("gammaDot"),
                    t.get("betaDot"),
                    t.get("yDot"),
                    t.get("xhatDot"),
                    t.get("rstdDot")))
        .rounded(LayerNormErrors::forwardJvp);
  }

  static OpCase backwardJvp(boolean vectors, int rows, int width, boolean absolute) {
    Inputs inputs = new Inputs(31L * rows + width, absolute);
    OpCase op =
        new OpCase("residualLayerNormBackwardJvp")
            .in("dy", inputs.gaussian(rows * width), rows, width)
            .in("dyDot", inputs.gaussian(rows * width), rows, width);
    return kept(op, rows, width)
        .in("xhatDot", inputs.gaussian(rows * width), rows, width)
        .in("rstdDot", inputs.gaussian(rows), rows)
        .in("gamma", inputs.gaussian(width), width)
        .in(vectors, "gammaDot", () -> inputs.gaussian(width), width)
        .out("dsDot", rows, width)
        .out(vectors, "dgammaDot", width)
        .out(vectors, "dbetaDot", width)
        .rows("dy", "dyDot", "xhat", "rstd", "xhatDot", "rstdDot", "dsDot")
        .call(
            (backend, t) ->
                backend.residualLayerNormBackwardJvp(
                    t.get("dy"),
                    t.get("dyDot"),
                    t.get("xhat"),
                    t.get("xhatDot"),
                    t.get("rstd"),
                    t.get("rstdDot"),
                    t.get("gamma"),
                    t.get("gammaDot"),
                    t.get("dsDot"),
                    t.get("dgammaDot"),
                    t.get("dbetaDot")))
        .rounded(LayerNormErrors::backwardJvp);
  }

  private static List<OpCase> all(int rows, int width, boolean absolute) {
    List<OpCase> cases = new ArrayList<>();
    for (Form form : FORMS) {
      cases.add(forward(form, rows, width, absolute));
      cases.add(backward(form, rows, width, absolute));
    }
    for (boolean vectors : new boolean[] {false, true}) {
      cases.add(forwardJvp(vectors, rows, width, absolute));
      cases.add(backwardJvp(vectors, rows, width, absolute));
    }
    return cases;
  }

  @Override
  Stream<OpCase> cases() {
    return Stream.of(SHAPES)
        .flatMap(
            s -> Stream.concat(all(s[0], s[1], false).stream(), all(s[0], s[1], true).stream()));
  }

  @Override
  Stream<OpCase> small() {
    return all(3, 4, false).stream();
  }

  @Override
  Stream<OpCase> separable() {
    return Stream.of(
        forward(FORMS.get(0), 9, 65, false),
        backward(FORMS.get(2), 9, 65, false),
        forwardJvp(true, 9, 65, false),
        backwardJvp(false, 9, 65, false));
  }
}
