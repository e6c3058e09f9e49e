// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;
import dev.coppice.data.LayerNorm;
import dev.coppice.data.Projection;

/**
 * Second half of a decoder layer, in buffers of a fixed number of rows: norm, gate and up, {@code
 * act(gate) up}, down, added to the residual stream. x is (M,D).
 */
final class FeedForwardHalf {
  private final LayerOps ops;
  private final Backend backend;
  private final SwigluBuffers buffers;
  private final BranchNorm branch; // or null

  FeedForwardHalf(LayerOps ops, Allocator allocator, int rows) {
    this.ops = ops;
    this.backend = ops.backend;
    buffers = SwigluBuffers.allocate(allocator, ops.config, rows);
    branch = ops.branch(allocator, rows);
  }

  /** {@code x += } what the half gives. */
  void forward(DecoderLayer layer, Tensor x) {
    addTo(layer, open(layer, x), x);
  }

  /** As {@link #forward}, but into {@code y}; keeps what the backward pass needs. */
  SwigluBuffers forward(DecoderLayer layer, Tensor x, Tensor y) {
    SwigluBuffers s = open(layer, x);
    y.copyFrom(x);
    addTo(layer, s, y);
    return s;
  }

  /** What the backward pass needs, without the half's output. */
  SwigluBuffers recompute(DecoderLayer layer, Tensor x) {
    SwigluBuffers s = open(layer, x);
    gate(s);
    if (layer.has(LayerNorm.FEED_FORWARD_BRANCH)) {
      BranchNorm norm = branch.first(s.product().dim(0));
      ops.project(layer, Projection.DOWN, s.product(), false, norm.branch());
      norm.forward(backend, layer.norm(LayerNorm.FEED_FORWARD_BRANCH), ops.eps());
    }
    return s;
  }

  /**
   * Adds to {@code dy}, the gradient at the layer's output, what comes back through this half: it
   * becomes the gradient at {@code x}, the residual stream before. Overwrites {@code s}.
   */
  void backward(
      DecoderLayer layer,
      Tensor offsets,
      Tensor x,
      SwigluBuffers s,
      LoraGradients gradients,
      Tensor dy) {
    Tensor end = ops.intoBranch(branch, layer, LayerNorm.FEED_FORWARD_BRANCH, dy);
    gradients.accept(layer.linear(Projection.DOWN), offsets, s.product(), end);
    ops.projectBack(layer, Projection.DOWN, end, false, s.product());
    if (ops.config.design().gelu()) {
      backend.gegluBackward(s.product(), s.gate(), s.up(), s.gate(), s.up());
    } else {
      backend.swigluBackward(s.product(), s.gate(), s.up(), s.gate(), s.up());
    }
    gradients.accept(layer.linear(Projection.GATE), offsets, s.normed(), s.gate());
    gradients.accept(layer.linear(Projection.UP), offsets, s.normed(), s.up());
    ops.projectBack(layer, Projection.GATE, s.gate(), false, s.normed());
    ops.projectBack(layer, Projection.UP, s.up(), true, s.normed());
    backend.rmsNormBackward(s.normed(), x, s.rstd(), layer.norm(LayerNorm.MIDDLE), true, dy);
  }

  /** Norm and the two inner projections. */
  private SwigluBuffers open(DecoderLayer layer, Tensor x) {
    SwigluBuffers s = buffers.first(x.dim(0));
    backend.rmsNormForward(x, layer.norm(LayerNorm.MIDDLE), ops.eps(), s.normed(), s.rstd());
    ops.project(layer, Projection.GATE, s.normed(), false, s.gate());
    ops.project(layer, Projection.UP, s.normed(), false, s.up());
    return s;
  }

  private void addTo(DecoderLayer layer, SwigluBuffers s, Tensor x) {
    gate(s);
    if (!layer.has(LayerNorm.FEED_FORWARD_BRANCH)) {
      ops.project(layer, Projection.DOWN, s.product(), true, x);
      return;
    }
    BranchNorm norm = branch.first(x.dim(0));
    ops.project(layer, Projection.DOWN, s.product(), false, norm.branch());
    norm.addTo(backend, layer.norm(LayerNorm.FEED_FORWARD_BRANCH), ops.eps(), x);
  }

  private void gate(SwigluBuffers s) {
    if (ops.config.design().gelu()) {
      backend.gegluForward(s.gate(), s.up(), s.product());
    } else {
      backend.swigluForward(s.gate(), s.up(), s.product());
    }
  }
}
