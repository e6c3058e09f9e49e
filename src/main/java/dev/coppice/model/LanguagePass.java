// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import static dev.coppice.model.LayerOps.flat;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;
import dev.coppice.data.LayerNorm;
import dev.coppice.data.LlmConfig;

/**
 * Forward and backward pass of a {@link LanguageModel}, one decoder layer and one chunk of whole
 * samples at a time, in buffers of a fixed number of rows. A layer's intermediate values live only
 * while its chunk is worked on; the caller keeps the residual stream. No result depends on how
 * samples are put into chunks.
 *
 * <p>Letters: T positions, M scored positions, B samples, D width of the residual stream.
 */
public final class LanguagePass {
  /** How far back a layer's gradient is formed. */
  public enum Reach {
    /** To the values only: neither q_proj nor k_proj nor the layer's input is reached. */
    VALUES,
    /** To every linear layer. */
    PROJECTIONS,
    /** To the layer's input. */
    INPUT
  }

  private final Backend backend;
  private final LanguageModel model;
  private final LlmConfig config;
  private final LayerOps ops;
  private final AttentionHalf attention;
  private final FeedForwardHalf feedForward;
  private final HeadBuffers head;

  /**
   * Reserves buffers.
   *
   * @param rows positions of the largest chunk
   * @param logitRows positions whose logits are formed at a time, at most {@code rows}
   * @param shared positions that all samples share, at most {@code rows}
   * @param wholeRows positions of the largest chunk whose samples have the shared ones
   */
  public LanguagePass(
      LanguageModel model,
      Allocator allocator,
      int rows,
      int logitRows,
      int shared,
      int wholeRows) {
    this.backend = model.backend();
    this.model = model;
    this.config = model.config();
    ops = new LayerOps(model, allocator, rows);
    attention = new AttentionHalf(ops, allocator, rows, shared, wholeRows);
    feedForward = new FeedForwardHalf(ops, allocator, rows);
    head = HeadBuffers.allocate(allocator, config, rows, logitRows);
  }

  /** Writes the buffers' constants; to be called once, before the first pass. */
  public void prepare() {
    ops.prepare();
  }

  /** {@code x[t] = embedding[ids[t]]}, scaled as the design has it; x (T,D). */
  public void embed(TokenChunk chunk, Tensor x) {
    backend.embeddingForward(chunk.ids(), model.embedding(), false, x);
    if (config.design().embeddingScale() != 1) {
      backend.scale((float) config.design().embeddingScale(), x);
    }
  }

  /** Replaces a layer's input by its output; x (T,D). */
  public void forward(int layer, TokenChunk chunk, Tensor x) {
    DecoderLayer parameters = model.layer(layer);
    AttentionBuffers a = attention.attend(parameters, chunk, x);
    attention.addTo(parameters, flat(a.out()), x);
    feedForward.forward(parameters, x);
  }

  /**
   * The last layer, the head and the loss, and the gradient back to where {@code reach} says. From
   * the last layer's attention on, only the scored positions are computed.
   *
   * <p>Of positions that all samples share, whose chunk comes first, the values' gradient stays, so
   * that the following chunks can join it with their own; their {@code reach} is {@code VALUES}.
   *
   * @param x input of the last layer, (T,D); stays
   * @param loss receives each sample's loss, (B)
   * @param gradients receives the linear layers that are reached
   * @param dx receives the gradient at x, (T,D), if it is reached; else null
   */
  public void head(
      TokenChunk chunk, Tensor x, Reach reach, Tensor loss, LoraGradients gradients, Tensor dx) {
    DecoderLayer layer = model.layer(config.layers() - 1);
    AttentionBuffers a = attention.attend(layer, chunk, x);
    HeadBuffers h = head.first(chunk.targets().dim(0));
    backend.fill(a.dout(), 0);
    if (chunk.targets().dim(0) > 0) {
      throughScored(layer, chunk, x, a, h, loss, gradients);
    } else {
      backend.fill(loss, 0);
    }
    attention.backward(layer, chunk, a, gradients, reach);
    if (reach == Reach.INPUT) {
      backend.rmsNormBackward(a.dnormed(), x, a.rstd(), layer.norm(LayerNorm.INPUT), false, dx);
      ops.scatter(chunk.targetRows(), h.dy(), dx);
    }
  }

  /** From the attention's output to the loss and back, at the scored positions. */
  private void throughScored(
      DecoderLayer layer,
      TokenChunk chunk,
      Tensor x,
      AttentionBuffers a,
      HeadBuffers h,
      Tensor loss,
      LoraGradients gradients) {
    backend.embeddingForward(chunk.targetRows(), x, false, h.middle());
    backend.embeddingForward(chunk.targetRows(), flat(a.out()), false, h.heads());
    attention.addTo(layer, h.heads(), h.middle());
    SwigluBuffers s = feedForward.forward(layer, h.middle(), h.output());
    crossEntropy(chunk, h, loss);
    feedForward.backward(layer, chunk.targetOffsets(), h.middle(), s, gradients, h.dy());
    attention.backToHeads(layer, chunk.targetOffsets(), h.heads(), gradients, h.dy(), h.heads());
    ops.scatter(chunk.targetRows(), h.heads(), flat(a.dout()));
  }

  /**
   * Gradient back through a layer, whose forward pass is computed again.
   *
   * @param x input of the layer, (T,D); stays
   * @param gradients receives the linear layers
   * @param dx gradient at the layer's output, (T,D); becomes that at x if it is reached
   */
  public void backward(
      int layer, TokenChunk chunk, Tensor x, Reach reach, LoraGradients gradients, Tensor dx) {
    DecoderLayer parameters = model.layer(layer);
    AttentionBuffers a = attention.attend(parameters, chunk, x);
    Tensor middle = head.middle().rows(0, x.dim(0));
    middle.copyFrom(x);
    attention.addTo(parameters, flat(a.out()), middle);
    SwigluBuffers s = feedForward.recompute(parameters, middle);

    feedForward.backward(parameters, chunk.offsets(), middle, s, gradients, dx);
    attention.backToHeads(
        parameters, chunk.offsets(), flat(a.out()), gradients, dx, flat(a.dout()));
    attention.backward(parameters, chunk, a, gradients, reach);
    if (reach == Reach.INPUT) {
      backend.rmsNormBackward(a.dnormed(), x, a.rstd(), parameters.norm(LayerNorm.INPUT), true, dx);
    }
  }

  /** Losses of {@code h.output()}, and their gradient there in {@code h.dy()}. */
  private void crossEntropy(TokenChunk chunk, HeadBuffers h, Tensor loss) {
    int rows = h.output().dim(0);
    backend.rmsNormForward(h.output(), model.finalNorm(), ops.eps(), h.normed(), h.rstd());
    for (int from = 0; from < rows; from += h.logits().dim(0)) {
      int count = Math.min(h.logits().dim(0), rows - from);
      Tensor logits = h.logits().rows(0, count);
      Tensor part = h.normed().rows(from, count);
      backend.gemm(false, true, 1, part, model.head(), 0, logits);
      backend.crossEntropy(
          config.design().logitCap(),
          chunk.targets().rows(from, count),
          chunk.weights().rows(from, count),
          logits,
          h.losses().rows(from, count));
      backend.gemm(false, false, 1, logits, model.head(), 0, part); // its gradient takes its place
    }
    backend.segmentSum(chunk.targetOffsets(), h.losses(), chunk.weights(), loss);
    backend.rmsNormBackward(h.normed(), h.output(), h.rstd(), model.finalNorm(), false, h.dy());
  }
}
