// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import static dev.coppice.backend.Differences.TOLERANCE;
import static dev.coppice.backend.Differences.concat;
import static dev.coppice.backend.Differences.gaussian;
import static dev.coppice.backend.Differences.read;

import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The reference's surrogate operations against central differences. */
class SurrogateGradientTest {
  private static final int[] ROWS = {3, 5};
  private static final int[] VECTOR = {5};
  private static final int[] SCALAR = {3};
  private static final float EPS = 1e-3f;

  private final Differences work = new Differences();

  @AfterEach
  void close() {
    work.close();
  }

  /** x, bias, residual, gamma, beta to y, xhat, rstd. */
  private Tensor[] layerNorm(Tensor[] t, Dropout dropout) {
    Tensor[] kept = {work.empty(ROWS), work.empty(ROWS), work.empty(SCALAR)};
    work.backend.residualLayerNormForward(
        t[0], t[1], t[2], t[3], t[4], EPS, dropout, kept[0], kept[1], kept[2]);
    return kept;
  }

  @ParameterizedTest
  @ValueSource(floats = {0, 0.4f})
  void layerNormBackwardIsTheGradient(float rate) {
    Dropout dropout = new Dropout(rate, 1, 2, 3);
    double[] inputs = gaussian(1, 15 + 5 + 15 + 5 + 5);
    double[] dy = gaussian(2, 15);
    int[][] shapes = {ROWS, VECTOR, ROWS, VECTOR, VECTOR};
    Tensor[] x = work.split(inputs, shapes);
    Tensor[] kept = layerNorm(x, dropout);
    Tensor ds = work.empty(ROWS);
    Tensor dx = work.empty(ROWS);
    Tensor dgamma = work.empty(VECTOR);
    Tensor dbeta = work.empty(VECTOR);
    Tensor dbias = work.empty(VECTOR);
    work.backend.residualLayerNormBackward(
        work.of(dy, ROWS), kept[1], kept[2], x[3], dropout, ds, dx, dgamma, dbeta, dbias);
    Tolerance.assertClose(
        "dx, dbias, ds, dgamma, dbeta",
        Differences.gradient(
            y -> layerNorm(work.split(y, shapes), dropout)[0].doubles(), inputs, dy),
        read(dx, dbias, ds, dgamma, dbeta),
        TOLERANCE);
  }

  /** s, gamma, beta to y, xhat, rstd. */
  private double[] plainNorm(double[] inputs) {
    Tensor[] t = work.split(inputs, ROWS, VECTOR, VECTOR);
    return read(layerNorm(new Tensor[] {t[0], null, null, t[1], t[2]}, Dropout.NONE));
  }

  /** s, gamma, dy to ds, dgamma, dbeta. */
  private double[] plainNormBackward(double[] inputs) {
    Tensor[] t = work.split(inputs, ROWS, VECTOR, ROWS);
    Tensor beta = work.of(new double[5], VECTOR);
    Tensor[] kept = layerNorm(new Tensor[] {t[0], null, null, t[1], beta}, Dropout.NONE);
    Tensor ds = work.empty(ROWS);
    Tensor dgamma = work.empty(VECTOR);
    Tensor dbeta = work.empty(VECTOR);
    work.backend.residualLayerNormBackward(
        t[2], kept[1], kept[2], t[1], Dropout.NONE, ds, null, dgamma, dbeta, null);
    return read(ds, dgamma, dbeta);
  }

  /** yDot, xhatDot, rstdDot at s, gamma along sDot, gammaDot, betaDot. */
  private Tensor[] normJvp(Tensor s, Tensor gamma, Tensor sDot, Tensor gammaDot, Tensor betaDot) {
    Tensor beta = work.of(new double[5], VECTOR);
    Tensor[] kept = layerNorm(new Tensor[] {s, null, null, gamma, beta}, Dropout.NONE);
    Tensor[] tangents = {work.empty(ROWS), work.empty(ROWS), work.empty(SCALAR)};
    work.backend.residualLayerNormForwardJvp(
        sDot, kept[1], kept[2], gamma, gammaDot, betaDot, tangents[0], tangents[1], tangents[2]);
    return tangents;
  }

  @Test
  void layerNormForwardJvpIsTheTangent() {
    double[] inputs = gaussian(3, 25);
    double[] direction = gaussian(4, 25);
    Tensor[] x = work.split(inputs, ROWS, VECTOR, VECTOR);
    Tensor[] d = work.split(direction, ROWS, VECTOR, VECTOR);
    double[] expected = Differences.tangent(this::plainNorm, inputs, direction);
    Tolerance.assertClose(
        "yDot, xhatDot, rstdDot", expected, read(normJvp(x[0], x[1], d[0], d[1], d[2])), TOLERANCE);
    Arrays.fill(direction, 15, 25, 0);
    Tolerance.assertClose(
        "without gammaDot and betaDot",
        Differences.tangent(this::plainNorm, inputs, direction),
        read(normJvp(x[0], x[1], d[0], null, null)),
        TOLERANCE);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void layerNormBackwardJvpIsTheTangentOfTheBackwardPass(boolean movingGamma) {
    double[] inputs = gaussian(5, 35);
    double[] direction = gaussian(6, 35);
    if (!movingGamma) {
      Arrays.fill(direction, 15, 20, 0);
    }
    Tensor[] x = work.split(inputs, ROWS, VECTOR, ROWS);
    Tensor[] d = work.split(direction, ROWS, VECTOR, ROWS);
    Tensor beta = work.of(new double[5], VECTOR);
    Tensor[] kept = layerNorm(new Tensor[] {x[0], null, null, x[1], beta}, Dropout.NONE);
    Tensor[] tangents = normJvp(x[0], x[1], d[0], null, null);
    Tensor dsDot = work.empty(ROWS);
    Tensor dgammaDot = work.empty(VECTOR);
    Tensor dbetaDot = work.empty(VECTOR);
    work.backend.residualLayerNormBackwardJvp(
        x[2],
        d[2],
        kept[1],
        tangents[1],
        kept[2],
        tangents[2],
        x[1],
        movingGamma ? d[1] : null,
        dsDot,
        dgammaDot,
        dbetaDot);
    Tolerance.assertClose(
        "dsDot, dgammaDot, dbetaDot",
        Differences.tangent(this::plainNormBackward, inputs, direction),
        read(dsDot, dgammaDot, dbetaDot),
        TOLERANCE);
  }

  /** x, bias to y. */
  private Tensor biasRelu(double[] inputs) {
    Tensor[] t = work.split(inputs, ROWS, VECTOR);
    Tensor y = work.empty(ROWS);
    work.backend.biasReluForward(t[0], t[1], y);
    return y;
  }

  @Test
  void biasReluBackwardAndJvpAreItsDerivatives() {
    double[] inputs = gaussian(7, 20);
    double[] dy = gaussian(8, 15);
    double[] direction = gaussian(9, 20);
    Tensor y = biasRelu(inputs);
    Tensor dx = work.empty(ROWS);
    Tensor dbias = work.empty(VECTOR);
    work.backend.biasReluBackward(work.of(dy, ROWS), y, dx, dbias);
    Tolerance.assertClose(
        "dx, dbias",
        Differences.gradient(x -> biasRelu(x).doubles(), inputs, dy),
        read(dx, dbias),
        TOLERANCE);
    Tensor[] d = work.split(direction, ROWS, VECTOR);
    work.backend.biasReluForwardJvp(d[0], d[1], y, dx);
    Tolerance.assertClose(
        "yDot",
        Differences.tangent(x -> biasRelu(x).doubles(), inputs, direction),
        dx.doubles(),
        TOLERANCE);
  }

  private static final int[] POSITIVES = {1, 2, 0};
  private static final int[] NEGATIVES = {3, 1, 2};
  private static final double[] WEIGHTS = {0.3, -1.2, 0.8};
  private static final int[] TABLE = {4, 5};

  /** h, table to loss, dpos, dneg, dh. */
  private double[] bce(double[] inputs) {
    Tensor[] t = work.split(inputs, ROWS, TABLE);
    Tensor[] out = {work.empty(3), work.empty(3), work.empty(3), work.empty(ROWS)};
    work.backend.sampledBceForward(
        t[0],
        t[1],
        work.ids(POSITIVES),
        work.ids(NEGATIVES),
        work.of(WEIGHTS, 3),
        out[0],
        out[1],
        out[2],
        out[3]);
    return read(out);
  }

  @Test
  void sampledBceGivesTheGradientOfItsLoss() {
    double[] inputs = gaussian(10, 35);
    double[] expected = Differences.gradient(x -> Arrays.copyOf(bce(x), 3), inputs, WEIGHTS);
    double[] results = bce(inputs);
    Tensor h = work.split(inputs, ROWS, TABLE)[0];
    Tensor dtable = work.of(new double[20], TABLE);
    scatter(POSITIVES, Arrays.copyOfRange(results, 3, 6), h, dtable);
    scatter(NEGATIVES, Arrays.copyOfRange(results, 6, 9), h, dtable);
    Tolerance.assertClose(
        "dh, dtable",
        expected,
        concat(Arrays.copyOfRange(results, 9, 24), dtable.doubles()),
        TOLERANCE);
  }

  /** {@code dtable[ids[t]] += coef[t] h[t]}. */
  private void scatter(int[] ids, double[] coef, Tensor h, Tensor dtable) {
    work.backend.embeddingBackward(
        work.ids(ids), work.ids(0, 1, 2, 3), work.ids(0, 1, 2), work.of(coef, 3), h, dtable);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void sampledBceJvpIsTheTangent(boolean movingTable) {
    double[] inputs = gaussian(11, 35);
    double[] direction = gaussian(12, 35);
    if (!movingTable) {
      Arrays.fill(direction, 15, 35, 0);
    }
    Tensor[] x = work.split(inputs, ROWS, TABLE);
    Tensor[] d = work.split(direction, ROWS, TABLE);
    Tensor[] out = {work.empty(3), work.empty(3), work.empty(3), work.empty(ROWS)};
    work.backend.sampledBceJvp(
        x[0],
        d[0],
        x[1],
        movingTable ? d[1] : null,
        work.ids(POSITIVES),
        work.ids(NEGATIVES),
        work.of(WEIGHTS, 3),
        out[0],
        out[1],
        out[2],
        out[3]);
    Tolerance.assertClose(
        "lossDot, dposDot, dnegDot, dhDot",
        Differences.tangent(this::bce, inputs, direction),
        read(out),
        TOLERANCE);
  }
}
