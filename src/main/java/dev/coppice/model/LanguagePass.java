// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Dropout;
import dev.coppice.backend.Tensor;
import dev.coppice.data.LayerNorm;
import dev.coppice.data.LlmConfig;
import dev.coppice.data.Projection;

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
  private final AttentionBuffers attention;
  private final SwigluBuffers swiglu;
  private final HeadBuffers head;
  private final BranchNorm attentionBranch; // or null, like the next
  private final BranchNorm feedForwardBranch;
  private final Tensor ranks;
  private final Tensor counting;

  /**
   * Reserves buffers.
   *
   * @param rows positions of the largest chunk
   * @param logitRows positions whose logits are formed at a time, at most {@code rows}
   */
  public LanguagePass(LanguageModel model, Allocator allocator, int rows, int logitRows) {
    this.backend = model.backend();
    this.model = model;
    this.config = model.config();
    attention = AttentionBuffers.allocate(allocator, config, rows);
    swiglu = SwigluBuffers.allocate(allocator, config, rows);
    head = HeadBuffers.allocate(allocator, config, rows, logitRows);
    boolean norms = config.design().branchNorms();
    attentionBranch = norms ? BranchNorm.allocate(allocator, rows, config.hidden()) : null;
    feedForwardBranch = norms ? BranchNorm.allocate(allocator, rows, config.hidden()) : null;
    ranks = allocator.f32(rows, model.lora().largestRank());
    counting = allocator.i32(rows + 1);
  }

  /** Writes the buffers' constants; to be called once, before the first pass. */
  public void prepare() {
    int[] values = new int[counting.dim(0)];
    for (int i = 0; i < values.length; i++) {
      values[i] = i;
    }
    counting.write(values);
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
    AttentionBuffers a = attend(parameters, chunk, x);
    addAttention(parameters, flat(a.out()), x);
    SwigluBuffers s = gateAndUp(parameters, x);
    addFeedForward(parameters, s, x);
  }

  /**
   * The last layer, the head and the loss, and the gradient back to where {@code reach} says. From
   * the last layer's attention on, only the scored positions are computed.
   *
   * @param x input of the last layer, (T,D); stays
   * @param loss receives each sample's loss, (B)
   * @param gradients receives the linear layers that are reached
   * @param dx receives the gradient at x, (T,D), if it is reached; else null
   */
  public void head(
      TokenChunk chunk, Tensor x, Reach reach, Tensor loss, LoraGradients gradients, Tensor dx) {
    DecoderLayer layer = model.layer(config.layers() - 1);
    AttentionBuffers a = attend(layer, chunk, x);
    HeadBuffers h = head.first(chunk.targets().dim(0));
    backend.embeddingForward(chunk.targetRows(), x, false, h.middle());
    backend.embeddingForward(chunk.targetRows(), flat(a.out()), false, h.heads());
    addAttention(layer, h.heads(), h.middle());
    SwigluBuffers s = gateAndUp(layer, h.middle());
    h.output().copyFrom(h.middle());
    addFeedForward(layer, s, h.output());
    crossEntropy(chunk, h, loss);

    feedForwardBackward(layer, chunk.targetOffsets(), h.middle(), s, gradients, h.dy());
    Tensor branch = intoBranch(attentionBranch, layer, LayerNorm.ATTENTION_BRANCH, h.dy());
    gradients.accept(layer.linear(Projection.O), chunk.targetOffsets(), h.heads(), branch);
    projectBack(layer, Projection.O, branch, false, h.heads());
    backend.fill(a.dout(), 0);
    scatter(chunk.targetRows(), h.heads(), flat(a.dout()));
    attentionBackward(layer, chunk, a, gradients, reach);
    if (reach == Reach.INPUT) {
      backend.rmsNormBackward(a.dnormed(), x, a.rstd(), layer.norm(LayerNorm.INPUT), false, dx);
      scatter(chunk.targetRows(), h.dy(), dx);
    }
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
    AttentionBuffers a = attend(parameters, chunk, x);
    Tensor middle = head.middle().rows(0, x.dim(0));
    middle.copyFrom(x);
    addAttention(parameters, flat(a.out()), middle);
    SwigluBuffers s = gateAndUp(parameters, middle);
    formFeedForward(parameters, s);

    feedForwardBackward(parameters, chunk.offsets(), middle, s, gradients, dx);
    Tensor branch = intoBranch(attentionBranch, parameters, LayerNorm.ATTENTION_BRANCH, dx);
    gradients.accept(parameters.linear(Projection.O), chunk.offsets(), flat(a.out()), branch);
    projectBack(parameters, Projection.O, branch, false, flat(a.dout()));
    attentionBackward(parameters, chunk, a, gradients, reach);
    if (reach == Reach.INPUT) {
      backend.rmsNormBackward(a.dnormed(), x, a.rstd(), parameters.norm(LayerNorm.INPUT), true, dx);
    }
  }

  /** Norm, projections, rotation and attention of a layer's input. */
  private AttentionBuffers attend(DecoderLayer layer, TokenChunk chunk, Tensor x) {
    AttentionBuffers a = attention.first(x.dim(0));
    backend.rmsNormForward(x, layer.norm(LayerNorm.INPUT), eps(), a.normed(), a.rstd());
    projectHeads(layer, Projection.Q, a.normed(), a.queries(), LayerNorm.QUERY, a.q());
    projectHeads(layer, Projection.K, a.normed(), a.keys(), LayerNorm.KEY, a.k());
    project(layer, Projection.V, a.normed(), false, flat(a.v()));
    rotate(layer, chunk, a.q(), false);
    rotate(layer, chunk, a.k(), false);
    backend.attentionForward(
        chunk.offsets(), a.q(), a.k(), a.v(), layer.rule(), Dropout.NONE, null, a.out(), a.lse());
    return a;
  }

  /** A projection to heads, normalised where the layer has that norm. */
  private void projectHeads(
      DecoderLayer layer,
      Projection projection,
      Tensor x,
      HeadNorm buffers,
      LayerNorm norm,
      Tensor heads) {
    if (!layer.has(norm)) {
      project(layer, projection, x, false, flat(heads));
      return;
    }
    project(layer, projection, x, false, flat(buffers.raw()));
    buffers.forward(backend, layer.norm(norm), eps(), heads);
  }

  /**
   * From the gradient at rotated heads to that at their projection's output.
   *
   * @param other memory of the same size that may be overwritten
   * @return which of the two holds it
   */
  private Tensor backToProjection(
      DecoderLayer layer,
      TokenChunk chunk,
      HeadNorm buffers,
      LayerNorm norm,
      Tensor dheads,
      Tensor other) {
    rotate(layer, chunk, dheads, true);
    if (!layer.has(norm)) {
      return dheads;
    }
    buffers.backward(backend, layer.norm(norm), dheads, other);
    return other;
  }

  /** From {@code a.dout()} to the projections, and to {@code a.dnormed()}. */
  private void attentionBackward(
      DecoderLayer layer,
      TokenChunk chunk,
      AttentionBuffers a,
      LoraGradients gradients,
      Reach reach) {
    boolean valuesOnly = reach == Reach.VALUES;
    backend.attentionBackward(
        chunk.offsets(),
        a.q(),
        a.k(),
        a.v(),
        a.out(),
        a.lse(),
        a.dout(),
        layer.rule(),
        Dropout.NONE,
        null,
        valuesOnly ? null : a.dq(),
        valuesOnly ? null : a.dk(),
        a.dv());
    gradients.accept(layer.linear(Projection.V), chunk.offsets(), a.normed(), flat(a.dv()));
    if (valuesOnly) {
      return;
    }
    Tensor dq = backToProjection(layer, chunk, a.queries(), LayerNorm.QUERY, a.dq(), a.q());
    Tensor dk = backToProjection(layer, chunk, a.keys(), LayerNorm.KEY, a.dk(), a.k());
    gradients.accept(layer.linear(Projection.Q), chunk.offsets(), a.normed(), flat(dq));
    gradients.accept(layer.linear(Projection.K), chunk.offsets(), a.normed(), flat(dk));
    if (reach == Reach.INPUT) {
      projectBack(layer, Projection.Q, flat(dq), false, a.dnormed());
      projectBack(layer, Projection.K, flat(dk), true, a.dnormed());
      projectBack(layer, Projection.V, flat(a.dv()), true, a.dnormed());
    }
  }

  /** {@code x += } what attention gives; x (M,D), heads (M,H*C). */
  private void addAttention(DecoderLayer layer, Tensor heads, Tensor x) {
    if (!layer.has(LayerNorm.ATTENTION_BRANCH)) {
      project(layer, Projection.O, heads, true, x);
      return;
    }
    BranchNorm norm = attentionBranch.first(x.dim(0));
    project(layer, Projection.O, heads, false, norm.branch());
    norm.addTo(backend, layer.norm(LayerNorm.ATTENTION_BRANCH), eps(), x);
  }

  /** {@code x += } what the feed-forward layer gives; x (M,D). */
  private void addFeedForward(DecoderLayer layer, SwigluBuffers s, Tensor x) {
    gate(s);
    if (!layer.has(LayerNorm.FEED_FORWARD_BRANCH)) {
      project(layer, Projection.DOWN, s.product(), true, x);
      return;
    }
    BranchNorm norm = feedForwardBranch.first(x.dim(0));
    project(layer, Projection.DOWN, s.product(), false, norm.branch());
    norm.addTo(backend, layer.norm(LayerNorm.FEED_FORWARD_BRANCH), eps(), x);
  }

  /** What the feed-forward layer's backward pass needs of {@link #addFeedForward}. */
  private void formFeedForward(DecoderLayer layer, SwigluBuffers s) {
    gate(s);
    if (layer.has(LayerNorm.FEED_FORWARD_BRANCH)) {
      BranchNorm norm = feedForwardBranch.first(s.product().dim(0));
      project(layer, Projection.DOWN, s.product(), false, norm.branch());
      norm.forward(backend, layer.norm(LayerNorm.FEED_FORWARD_BRANCH), eps());
    }
  }

  private void gate(SwigluBuffers s) {
    if (config.design().gelu()) {
      backend.gegluForward(s.gate(), s.up(), s.product());
    } else {
      backend.swigluForward(s.gate(), s.up(), s.product());
    }
  }

  /** The gradient at a branch's end, from that at the residual stream. */
  private Tensor intoBranch(BranchNorm norm, DecoderLayer layer, LayerNorm which, Tensor dx) {
    return layer.has(which) ? norm.first(dx.dim(0)).back(backend, layer.norm(which), dx) : dx;
  }

  /** Norm and the two inner projections of a layer's second half; x (M,D). */
  private SwigluBuffers gateAndUp(DecoderLayer layer, Tensor x) {
    SwigluBuffers s = swiglu.first(x.dim(0));
    backend.rmsNormForward(x, layer.norm(LayerNorm.MIDDLE), eps(), s.normed(), s.rstd());
    project(layer, Projection.GATE, s.normed(), false, s.gate());
    project(layer, Projection.UP, s.normed(), false, s.up());
    return s;
  }

  /**
   * Adds to {@code dy}, the gradient at the layer's output, what comes back through the
   * feed-forward layer: it becomes the gradient at {@code x}, the residual stream before.
   * Overwrites {@code s}.
   */
  private void feedForwardBackward(
      DecoderLayer layer,
      Tensor offsets,
      Tensor x,
      SwigluBuffers s,
      LoraGradients gradients,
      Tensor dy) {
    Tensor branch = intoBranch(feedForwardBranch, layer, LayerNorm.FEED_FORWARD_BRANCH, dy);
    gradients.accept(layer.linear(Projection.DOWN), offsets, s.product(), branch);
    projectBack(layer, Projection.DOWN, branch, false, s.product());
    if (config.design().gelu()) {
      backend.gegluBackward(s.product(), s.gate(), s.up(), s.gate(), s.up());
    } else {
      backend.swigluBackward(s.product(), s.gate(), s.up(), s.gate(), s.up());
    }
    gradients.accept(layer.linear(Projection.GATE), offsets, s.normed(), s.gate());
    gradients.accept(layer.linear(Projection.UP), offsets, s.normed(), s.up());
    projectBack(layer, Projection.GATE, s.gate(), false, s.normed());
    projectBack(layer, Projection.UP, s.up(), true, s.normed());
    backend.rmsNormBackward(s.normed(), x, s.rstd(), layer.norm(LayerNorm.MIDDLE), true, dy);
  }

  /** Losses of {@code h.output()}, and their gradient there in {@code h.dy()}. */
  private void crossEntropy(TokenChunk chunk, HeadBuffers h, Tensor loss) {
    int rows = h.output().dim(0);
    backend.rmsNormForward(h.output(), model.finalNorm(), eps(), h.normed(), h.rstd());
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

  private void project(
      DecoderLayer layer, Projection projection, Tensor x, boolean accumulate, Tensor y) {
    LoraLinear linear = layer.linear(projection);
    linear.forward(backend, x, accumulate, y, ranks.slice(0, x.dim(0), linear.rank()));
  }

  private void projectBack(
      DecoderLayer layer, Projection projection, Tensor dy, boolean accumulate, Tensor dx) {
    LoraLinear linear = layer.linear(projection);
    linear.backward(backend, dy, accumulate, dx, ranks.slice(0, dy.dim(0), linear.rank()));
  }

  /** {@code out[rows[i]] += part[i]}; rows distinct. */
  private void scatter(Tensor rows, Tensor part, Tensor out) {
    int count = rows.dim(0);
    backend.embeddingBackward(
        rows, counting.rows(0, count + 1), counting.rows(0, count), null, part, out);
  }

  private void rotate(DecoderLayer layer, TokenChunk chunk, Tensor heads, boolean inverse) {
    RotaryTable table = layer.rotary();
    backend.ropeForward(chunk.positions(), table.cosines(), table.sines(), inverse, heads);
  }

  private float eps() {
    return (float) config.rmsNormEps();
  }

  /** (T,H,C) as (T,H*C). */
  private static Tensor flat(Tensor heads) {
    return heads.reshape(heads.dim(0), heads.dim(1) * heads.dim(2));
  }
}
