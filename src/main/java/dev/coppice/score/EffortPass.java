// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.backend.Tensor;
import dev.coppice.data.TokenSample;
import dev.coppice.model.LanguagePass.Reach;
import dev.coppice.model.LoraGradients;
import dev.coppice.model.TokenChunk;
import java.util.List;

/**
 * The order of the pass: layer after layer over all chunks of a macro-batch. While a layer works,
 * the next one's weights are fetched.
 */
final class EffortPass {
  private final EffortPlan plan;
  private final EffortLayout layout;
  private final boolean streams;
  private final int lowest;

  /**
   * Prepares.
   *
   * @param streams whether a layer's weights are given back when it is done
   */
  EffortPass(EffortPlan plan, EffortLayout layout, boolean streams) {
    this.plan = plan;
    this.layout = layout;
    this.streams = streams;
    this.lowest = plan.lowest();
  }

  boolean streams() {
    return streams;
  }

  /** Packs the samples of a macro-batch. */
  void write(List<TokenSample> samples) {
    EffortSizes sizes = layout.sizes();
    layout
        .tensors()
        .write(
            samples,
            plan.config().prefix(),
            MacroBatch.cuts(samples, sizes.shared(), sizes.ownRows(), sizes.wholeRows()),
            plan::firstPosition);
  }

  /** Leaves the input of layers {@code lowest ..} in the streams. */
  void forward() {
    embed();
    for (int layer = 0; layer < plan.architecture().layers() - 1; layer++) {
      layout.model().prefetch(layer + 1);
      forward(layer);
      release(layer);
    }
  }

  void embed() {
    EffortTensors tensors = layout.tensors();
    layout.model().prefetch(0);
    for (int chunk = 0; chunk < tensors.chunks(); chunk++) {
      layout.pass().embed(tensors.tokens(chunk), tensors.stream(0, chunk));
    }
  }

  /** Gives every layer the embedded tokens, for a measurement. */
  void embedForEach() {
    EffortTensors tensors = layout.tensors();
    embed();
    for (int stream = 1; stream < plan.architecture().layers() - lowest; stream++) {
      for (int chunk = 0; chunk < tensors.chunks(); chunk++) {
        tensors.stream(stream, chunk).copyFrom(tensors.stream(0, chunk));
      }
    }
  }

  void forward(int layer) {
    EffortTensors tensors = layout.tensors();
    int stream = Math.max(0, layer - lowest + 1);
    for (int chunk = 0; chunk < tensors.chunks(); chunk++) {
      if (stream > 0) {
        tensors.stream(stream, chunk).copyFrom(tensors.stream(stream - 1, chunk));
      }
      layout.pass().forward(layer, tensors.tokens(chunk), tensors.stream(stream, chunk));
    }
  }

  /** Lets go of a layer's weights, if not all of them fit the memory. */
  private void release(int layer) {
    if (streams) {
      layout.model().release(layer);
    }
  }

  /**
   * From the streams to the losses and back.
   *
   * @return the summed loss of the shared positions, as far as it is not in the samples' losses
   */
  double backward() {
    double prefixLoss = last();
    int last = plan.architecture().layers() - 1;
    release(last + 1);
    release(last);
    for (int layer = last - 1; layer >= lowest; layer--) {
      backward(layer);
      release(layer);
    }
    return prefixLoss;
  }

  /** The last layer, the head and their gradient; returns as {@link #backward}. */
  double last() {
    EffortTensors tensors = layout.tensors();
    int last = plan.architecture().layers() - 1;
    layout.model().prefetch(last + 1);
    if (last > lowest) {
      layout.model().prefetch(last - 1);
    }
    if (layout.sizes().shared() > 0 && !layout.sizes().wholeBackward()) {
      return sharedBackward();
    }
    Reach reach = plan.reach(last);
    for (int chunk = tensors.firstChunk(); chunk < tensors.chunks(); chunk++) {
      layout.norms().startAt(tensors.firstSample(chunk));
      TokenChunk tokens = tensors.wholeTokens(chunk);
      Tensor x = tensors.wholeStream(last - lowest, chunk);
      Tensor losses = tensors.losses(chunk);
      layout.pass().head(tokens, x, reach, losses, layout.norms(), tensors.gradient(chunk));
    }
    return 0;
  }

  /** One layer, from the gradient at its output to that at its input. */
  void backward(int layer) {
    EffortTensors tensors = layout.tensors();
    if (layer > lowest) {
      layout.model().prefetch(layer - 1);
    }
    Reach reach = plan.reach(layer);
    for (int chunk = tensors.firstChunk(); chunk < tensors.chunks(); chunk++) {
      layout.norms().startAt(tensors.firstSample(chunk));
      TokenChunk tokens = tensors.wholeTokens(chunk);
      Tensor x = tensors.wholeStream(layer - lowest, chunk);
      layout.pass().backward(layer, tokens, x, reach, layout.norms(), tensors.gradient(chunk));
    }
  }

  /** The last layer and the head for its values alone, the shared positions first. */
  private double sharedBackward() {
    EffortTensors tensors = layout.tensors();
    for (int chunk = 0; chunk < tensors.chunks(); chunk++) {
      boolean prefix = chunk < tensors.firstChunk();
      LoraGradients gradients = prefix ? (linear, offsets, x, dy) -> {} : layout.norms();
      Tensor loss = prefix ? tensors.prefixLoss() : tensors.losses(chunk);
      if (!prefix) {
        layout.norms().startAt(tensors.firstSample(chunk));
      }
      TokenChunk tokens = tensors.tokens(chunk);
      layout.pass().head(tokens, tensors.stream(0, chunk), Reach.VALUES, loss, gradients, null);
    }
    return tensors.prefixLoss().doubles()[0];
  }
}
