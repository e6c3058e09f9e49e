// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Dropout;
import dev.coppice.backend.Tensor;

/**
 * The forward pass of SASRec over a packed batch: hidden states and loss.
 *
 * <p>{@code x = drop(LN(item + position))}; a block: {@code A = drop(softmax(q k^T / sqrt(C))) v},
 * causal; {@code m = LN(drop(A W^T + b) + x)}; {@code f = relu(conv2(relu(conv1(m))))}, both
 * pointwise; {@code x' = LN(drop(f) + m)}. Padding is never computed: the result is that of the
 * padded model, whose masked keys have weight 0 and whose padded queries carry no loss.
 *
 * @see <a href="https://arxiv.org/abs/1808.09781">Kang and McAuley 2018</a>
 */
public final class SasRec {
  private final Backend backend;
  private final SasRecConfig config;
  private final SasRecActivations buffers;
  private final Tensor lossBuffer;
  private final Tensor dposBuffer;
  private final Tensor dnegBuffer;
  private final double scale;
  private SasRecActivations now;
  private int first; // position of the batch at which `now` starts

  /**
   * Lays out the activations.
   *
   * @param capacity most positions of a batch
   */
  public SasRec(Backend backend, SasRecConfig config, Allocator allocator, int capacity) {
    this.backend = backend;
    this.config = config;
    buffers = SasRecActivations.of(allocator, config, capacity);
    lossBuffer = allocator.f32(capacity);
    dposBuffer = allocator.f32(capacity);
    dnegBuffer = allocator.f32(capacity);
    scale = 1 / Math.sqrt(config.headWidth());
  }

  private SasRec(Backend lane, SasRec origin) {
    backend = lane;
    config = origin.config;
    buffers = origin.buffers;
    lossBuffer = origin.lossBuffer;
    dposBuffer = origin.dposBuffer;
    dnegBuffer = origin.dnegBuffer;
    scale = origin.scale;
  }

  /** This model on a lane: it shares the activations, of which each lane writes its own part. */
  SasRec on(Backend lane) {
    return new SasRec(lane, this);
  }

  /** Evaluates the model without dropout; the result is {@link #hidden}. */
  public void forward(SasRecParameters weights, SasRecInput input) {
    forward(weights, input.whole(), DropoutSites.NONE);
  }

  /** Evaluates a part of a batch; masks are those of its place in the batch. */
  void forward(SasRecParameters weights, SasRecPart input, DropoutSites dropout) {
    forwardToLastDense(weights, input, dropout);
    finishBlock(weights, config.layers() - 1, dropout);
  }

  /**
   * Evaluates without dropout as far as the input of the last block's attention output layer: the
   * results are {@link #lastContext} and {@link #lastResidual}.
   */
  public void forwardToLastDense(SasRecParameters weights, SasRecInput input) {
    forwardToLastDense(weights, input.whole(), DropoutSites.NONE);
  }

  private void forwardToLastDense(
      SasRecParameters weights, SasRecPart input, DropoutSites dropout) {
    view(input);
    embed(weights, input, dropout);
    for (int l = 0; l < config.layers(); l++) {
      if (l > 0) {
        finishBlock(weights, l - 1, dropout);
      }
      attend(weights.layers(l), input, l, dropout);
    }
  }

  /**
   * Evaluates the last block only, without dropout; the result is {@link #hidden}.
   *
   * @param x its input, as {@link #lastResidual} gave it for the same batch, (T,D)
   */
  void forwardLastBlock(SasRecParameters weights, SasRecInput input, Tensor x) {
    view(input.whole());
    int last = config.layers() - 1;
    blockInput(last).copyFrom(x);
    attend(weights.layers(last), input.whole(), last, DropoutSites.NONE);
    finishBlock(weights, last, DropoutSites.NONE);
  }

  /** Makes the results those of a batch, or of a part of it, that has been evaluated. */
  void view(SasRecPart input) {
    now = buffers.rows(input.first(), input.positionCount());
    first = input.first();
  }

  private void embed(SasRecParameters weights, SasRecPart input, DropoutSites dropout) {
    backend.embeddingForward(input.items(), weights.items(), false, now.sum());
    backend.embeddingForward(input.positions(), weights.positions(), true, now.sum());
    backend.residualLayerNormForward(
        now.sum(),
        null,
        null,
        weights.norm().gamma(),
        weights.norm().beta(),
        SasRecConfig.EPS,
        Dropout.NONE,
        now.embedding(),
        now.xhat(),
        now.rstd());
    if (dropout.active()) {
      backend.dropoutForward(now.embedding(), dropout.embedding(), now.embedding());
    }
  }

  private void attend(
      SasRecParameters.Block layers, SasRecPart input, int l, DropoutSites dropout) {
    SasRecActivations.Block block = now.blocks()[l];
    Tensor x = blockInput(l);
    linear(x, layers.query(), block.query());
    linear(x, layers.key(), block.key());
    linear(x, layers.value(), block.value());
    backend.attentionForward(
        input.offsets(),
        byHead(block.query()),
        byHead(block.key()),
        byHead(block.value()),
        scale,
        dropout.probabilities(l),
        input.triangles(),
        byHead(block.context()),
        block.lse());
  }

  private void linear(Tensor x, SasRecParameters.Linear layer, Tensor y) {
    backend.gemm(false, true, 1f, x, layer.weight(), 0f, y);
    backend.biasForward(layer.bias(), y);
  }

  /** From the attention's result to the block's output. */
  private void finishBlock(SasRecParameters weights, int l, DropoutSites dropout) {
    SasRecParameters.Block layers = weights.layers(l);
    SasRecActivations.Block block = now.blocks()[l];
    backend.gemm(false, true, 1f, block.context(), layers.dense().weight(), 0f, now.sum());
    backend.residualLayerNormForward(
        now.sum(),
        layers.dense().bias(),
        blockInput(l),
        layers.attentionNorm().gamma(),
        layers.attentionNorm().beta(),
        SasRecConfig.EPS,
        dropout.attention(l),
        block.middle(),
        block.middleXhat(),
        block.middleRstd());
    backend.gemm(false, true, 1f, block.middle(), layers.first().weight(), 0f, block.first());
    backend.biasReluForward(block.first(), layers.first().bias(), block.first());
    backend.gemm(false, true, 1f, block.first(), layers.second().weight(), 0f, block.second());
    backend.biasReluForward(block.second(), layers.second().bias(), block.second());
    backend.residualLayerNormForward(
        block.second(),
        null,
        block.middle(),
        layers.outputNorm().gamma(),
        layers.outputNorm().beta(),
        SasRecConfig.EPS,
        dropout.feedForward(l),
        block.out(),
        block.outXhat(),
        block.outRstd());
  }

  /**
   * The loss {@code -log sigmoid(e_pos.h) - log sigmoid(-e_neg.h)} of every position after {@link
   * #forward}, and its gradient in h under the input's weights.
   *
   * @param dh receives the gradient, (T,D)
   */
  void loss(SasRecParameters weights, SasRecPart input, Tensor dh) {
    backend.sampledBceForward(
        hidden(),
        weights.items(),
        input.positives(),
        input.negatives(),
        input.weights(),
        positionLoss(),
        dpos(),
        dneg(),
        dh);
  }

  Tensor byHead(Tensor x) {
    return x.reshape(x.dim(0), config.heads(), config.headWidth());
  }

  Tensor blockInput(int l) {
    return l == 0 ? now.embedding() : now.blocks()[l - 1].out();
  }

  /** Hidden state of each position after {@link #forward}, (T,D). */
  public Tensor hidden() {
    return now.blocks()[config.layers() - 1].out();
  }

  /** Input x of the last block's attention output layer, (T,D). */
  public Tensor lastContext() {
    return now.blocks()[config.layers() - 1].context();
  }

  /** What is added to that layer's output: the last block's input, (T,D). */
  public Tensor lastResidual() {
    return blockInput(config.layers() - 1);
  }

  /** Unweighted loss of each position, (T). */
  Tensor positionLoss() {
    return lossBuffer.rows(first, positionCount());
  }

  /** Gradient of the weighted loss in the logit of the positive item, (T). */
  Tensor dpos() {
    return dposBuffer.rows(first, positionCount());
  }

  /** Gradient of the weighted loss in the logit of the negative item, (T). */
  Tensor dneg() {
    return dnegBuffer.rows(first, positionCount());
  }

  SasRecActivations activations() {
    return now;
  }

  double scale() {
    return scale;
  }

  private int positionCount() {
    return now.sum().dim(0);
  }
}
