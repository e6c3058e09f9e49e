// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;
import dev.coppice.model.SasRecInput.Scatter;
import java.util.ArrayList;
import java.util.List;

/**
 * Second moments of pseudo-gradients whose covariance is the Gauss-Newton matrix of a batch.
 *
 * <p>With J_l the Jacobian of logit l and s its sigmoid, Gauss-Newton is {@code sum_l w s(1-s)
 * J_l^T J_l} over the two logits of each position. The pseudo-gradient of a sample is the backward
 * pass of {@code xi_l sqrt(w s(1-s))} at its logits: where the xi are independent signs, the
 * expectation of its square is that matrix, attention between positions included.
 *
 * @see <a href="https://arxiv.org/abs/1806.03884">George et al. 2018</a>
 */
public final class SasRecFactors {
  private final Backend backend;
  private final SasRecDerivatives at;
  private final ParameterSpan span;
  private final int width;
  private final Tensor ones;
  private final Tensor scaled;
  private final Tensor projectedInput;
  private final Tensor projectedDelta;
  private final Tensor square;
  private final Tensor column;
  private final Tensor eigenvalues;
  private final Tensor inputBasis;
  private final Tensor outputBasis;
  private final SampleItems items;
  private final Tensor rows;
  private final Tensor rowSquares;
  private SasRecDeltas deltas;

  /**
   * Lays out scratch.
   *
   * @param at evaluates the batches
   */
  public SasRecFactors(Backend backend, SasRecDerivatives at, Allocator a, int capacity) {
    this.backend = backend;
    this.at = at;
    span = at.span();
    width = span.config().hidden();
    ones = a.f32(capacity, 1);
    scaled = a.f32(capacity, width);
    projectedInput = a.f32(capacity, width + 1);
    projectedDelta = a.f32(capacity, width);
    square = a.f32(width, width);
    column = a.f32(width);
    eigenvalues = a.f32(width, width + 1);
    inputBasis = a.f32(width + 1, width + 1);
    outputBasis = a.f32(width, width);
    items = span.tables() ? new SampleItems(a, span.config(), capacity) : null;
    rows = span.tables() ? a.f32(3 * capacity, width) : null;
    rowSquares = span.tables() ? a.f32(3 * capacity, width) : null;
  }

  /** Names of the linear layers, without {@code .weight}; the order of everything below. */
  public List<String> layers() {
    List<String> names = new ArrayList<>();
    for (int l = span.firstBlock(); l < span.config().layers(); l++) {
      String attention = SasRecConfig.layer(l) + SasRecConfig.ATTENTION;
      for (String part : new String[] {"query", "key", "value", "dense"}) {
        names.add(attention + part);
      }
      names.add(SasRecConfig.layer(l) + SasRecConfig.FEED_FORWARD + "conv1d_1");
      names.add(SasRecConfig.layer(l) + SasRecConfig.FEED_FORWARD + "conv1d_2");
    }
    return names;
  }

  /**
   * Forms the pseudo-gradient of the batch last evaluated.
   *
   * @param signs xi of the positives' logits, then of the negatives', (2T)
   */
  public void differentiate(double[] signs) {
    deltas = at.deltas();
    at.model().loss(at.parameters(), at.input().whole(), deltas.hidden());
    double[] w = at.batch().weights();
    deltas.dpos().write(scores(at.model().dpos().doubles(), w, signs, 0));
    deltas.dneg().write(scores(at.model().dneg().doubles(), w, signs, w.length));
    at.pull(deltas);
    at.backward().run(at.model(), at.parameters(), at.input(), deltas, null, null);
    backend.fill(ones, 1f);
  }

  /** {@code xi sqrt(w s (1-s))} where the loss has the gradient {@code +-w s}. */
  private static double[] scores(double[] gradient, double[] w, double[] signs, int from) {
    double[] out = new double[w.length];
    for (int t = 0; t < w.length; t++) {
      double s = Math.min(1, Math.abs(gradient[t]) / w[t]);
      out[t] = signs[from + t] * Math.sqrt(w[t] * s * (1 - s));
    }
    return out;
  }

  private List<LinearSite> sites() {
    List<LinearSite> sites = new ArrayList<>();
    for (int l = span.firstBlock(); l < span.config().layers(); l++) {
      SasRecActivations.Block block = at.model().activations().blocks()[l];
      sites.addAll(
          LinearSite.of(
              at.parameters().layers(l), at.model().blockInput(l), block, deltas.blocks()[l]));
    }
    return sites;
  }

  /**
   * Adds {@code A += sum_t w_t (x,1)(x,1)^T} and {@code S += sum_t delta delta^T} of each layer.
   *
   * @param inputs A of each layer, (I+1,I+1)
   * @param outputs S of each layer, (O,O)
   */
  public void addCovariances(double[][] inputs, double[][] outputs) {
    List<LinearSite> sites = sites();
    for (int k = 0; k < sites.size(); k++) {
      Tensor x = sites.get(k).input();
      Tensor delta = sites.get(k).delta();
      Tensor wx = scaled.rows(0, x.dim(0));
      backend.rowOuter(x, at.input().weights().reshape(x.dim(0), 1), wx);
      backend.gemm(true, false, 1f, wx, x, 0f, square);
      backend.biasBackward(wx, column);
      addBordered(square.doubles(), column.doubles(), at.batch().sampleCount(), inputs[k]);
      backend.gemm(true, false, 1f, delta, delta, 0f, square);
      add(square.doubles(), outputs[k]);
    }
  }

  private void addBordered(double[] inner, double[] border, double corner, double[] sum) {
    int wide = width + 1;
    for (int i = 0; i < width; i++) {
      for (int j = 0; j < width; j++) {
        sum[i * wide + j] += inner[i * width + j];
      }
      sum[i * wide + width] += border[i];
      sum[width * wide + i] += border[i];
    }
    sum[width * wide + width] += corner; // the weights of a sample add up to 1
  }

  private static void add(double[] values, double[] sum) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += values[i];
    }
  }

  /**
   * Adds {@code sum_s (U_S^T g(s) U_A)^2} of each layer, element by element.
   *
   * @param inputs U_A of each layer, (I+1,I+1)
   * @param outputs U_S of each layer, (O,O)
   * @param sums (O,I+1) of each layer
   */
  public void addEigenvalues(double[][] inputs, double[][] outputs, double[][] sums) {
    List<LinearSite> sites = sites();
    for (int k = 0; k < sites.size(); k++) {
      Tensor x = sites.get(k).input();
      Tensor xu = projectedInput.rows(0, x.dim(0));
      Tensor deltaU = projectedDelta.rows(0, x.dim(0));
      inputBasis.write(inputs[k]);
      outputBasis.write(outputs[k]);
      backend.gemm(false, false, 1f, x, inputBasis.rows(0, width), 0f, xu);
      backend.biasForward(inputBasis.rows(width, 1).reshape(width + 1), xu);
      backend.gemm(false, false, 1f, sites.get(k).delta(), outputBasis, 0f, deltaU);
      backend.linearGradSquares(at.input().offsets(), xu, deltaU, eigenvalues);
      add(eigenvalues.doubles(), sums[k]);
    }
  }

  /**
   * Adds {@code sum_s g(s)^2} of tables and layer norms, element by element; linear layers add 0.
   *
   * @param sum (P)
   */
  public void addDiagonal(double[] sum) {
    SasRecParameters squares = at.result();
    squares.clear(backend);
    for (int l = span.firstBlock(); l < span.config().layers(); l++) {
      SasRecActivations.Block block = at.model().activations().blocks()[l];
      SasRecDeltas.Block d = deltas.blocks()[l];
      norm(d.middle(), block.middleXhat(), squares.layers(l).attentionNorm());
      norm(d.out(), block.outXhat(), squares.layers(l).outputNorm());
    }
    if (span.tables()) {
      norm(deltas.embedding(), at.model().activations().xhat(), squares.norm());
      squared(deltas.sum(), scaled.rows(0, deltas.sum().dim(0)));
      scatter(
          at.input().positionScatter(), scaled.rows(0, deltas.sum().dim(0)), squares.positions());
      items.load(at.batch());
      Tensor gradient = rows.rows(0, items.count());
      items.gradient(backend, at.model().hidden(), deltas, gradient);
      Tensor gradientSquares = rowSquares.rows(0, items.count());
      squared(gradient, gradientSquares);
      scatter(items.byItem(), gradientSquares, squares.items());
    }
    span.add(squares, sum);
  }

  private void norm(Tensor dy, Tensor xhat, SasRecParameters.Norm squares) {
    Tensor one = ones.rows(0, dy.dim(0));
    Tensor dyXhat = scaled.rows(0, dy.dim(0));
    product(dy, xhat, dyXhat);
    Tensor offsets = at.input().offsets();
    backend.linearGradSquares(offsets, one, dyXhat, squares.gamma().reshape(width, 1));
    backend.linearGradSquares(offsets, one, dy, squares.beta().reshape(width, 1));
  }

  private void squared(Tensor x, Tensor out) {
    product(x, x, out);
  }

  private void product(Tensor x, Tensor y, Tensor out) {
    int n = Math.toIntExact(x.size());
    backend.rowOuter(x.reshape(n, 1), y.reshape(n, 1), out.reshape(n, 1));
  }

  private void scatter(Scatter lists, Tensor src, Tensor table) {
    backend.embeddingBackward(lists.rows(), lists.segments(), lists.order(), null, src, table);
  }
}
