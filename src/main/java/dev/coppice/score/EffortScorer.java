// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.backend.Backend;
import dev.coppice.backend.Workspace;
import dev.coppice.data.ConfigException;
import dev.coppice.data.InputException;
import dev.coppice.data.LlmConfig;
import dev.coppice.data.LoraConfig;
import dev.coppice.data.TokenSample;
import dev.coppice.data.Unscorable;
import dev.coppice.model.LanguagePass.Reach;
import dev.coppice.model.TokenChunk;
import dev.coppice.model.WeightSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Effort score of fine-tuning samples: the norm of the gradient of a sample's mean loss in chosen
 * LoRA tensors, {@code E(s) = ||dL(s)/dphi||_2}.
 *
 * <p>Samples are taken in macro-batches as large as memory allows; layer after layer runs over a
 * whole macro-batch, chunk by chunk, so that each weight is touched once a macro-batch. Layers
 * below the lowest of phi run forward only. A sample's result depends on nothing but the sample and
 * the model: not on the other samples, the memory or the number of threads.
 *
 * @see <a href="https://arxiv.org/abs/2401.17197">Lin et al. 2024</a>, section 3.3
 */
public final class EffortScorer implements AutoCloseable {
  private final EffortConfig config;
  private final LlmConfig architecture;
  private final int lowest;
  private final Workspace workspace;
  private final EffortLayout layout;

  /**
   * Reserves the workspace and takes the weights.
   *
   * @param weights tensors of the architecture, used in place: they must stay valid
   * @param adapter tensors of {@code lora}, copied; absent: a fresh adapter is drawn
   * @throws ConfigException if the adapter lacks the tensors asked for, the cutoff exceeds the
   *     model's positions, or the memory cannot hold one sample
   */
  public EffortScorer(
      Backend backend,
      LlmConfig architecture,
      LoraConfig lora,
      WeightSource weights,
      Optional<WeightSource> adapter,
      EffortConfig config) {
    this(new EffortPlan(backend, architecture, lora, config), weights, adapter);
  }

  EffortScorer(EffortPlan plan, WeightSource weights, Optional<WeightSource> adapter) {
    config = plan.config();
    architecture = plan.architecture();
    lowest = plan.lowest();
    int positions = plan.positions();
    workspace = plan.backend().workspace(plan.bytes(positions));
    boolean ready = false;
    try {
      layout = plan.layout(workspace, positions);
      layout.model().load(weights, adapter, config.seed());
      layout.pass().prepare();
      ready = true;
    } finally {
      if (!ready) {
        workspace.close();
      }
    }
  }

  /** Why a sample gets no score; empty if it can be scored. */
  public static Optional<Unscorable> unscorable(TokenSample sample) {
    return sample.targets() > 0
        ? Optional.empty()
        : Optional.of(new Unscorable(sample.sample(), "no token after the first is scored"));
  }

  /** Most positions that are worked on together. */
  public int macroBatchPositions() {
    return layout.positions();
  }

  /** Size of the workspace. */
  public long workspaceBytes() {
    return workspace.bytes();
  }

  /**
   * Scores samples, in any number; the results are in their order.
   *
   * @throws IllegalArgumentException if a sample is unscorable
   * @throws InputException naming the sample, if it is longer than the cutoff, has a token outside
   *     the vocabulary, or its score is not finite
   */
  public EffortBatch score(List<TokenSample> samples) {
    samples.forEach(this::check);
    int count = samples.size();
    EffortBatch result =
        new EffortBatch(
            samples.stream().mapToInt(TokenSample::sample).toArray(),
            new double[count],
            new double[count],
            samples.stream().mapToInt(TokenSample::length).toArray(),
            new LinkedHashMap<>());
    List<Integer> order =
        IntStream.range(0, count)
            .boxed()
            .sorted(Comparator.comparingInt(i -> -samples.get(i).length()))
            .toList();
    int from = 0;
    while (from < count) {
      int to = from;
      int positions = 0;
      while (to < count
          && to - from < layout.samples()
          && positions + samples.get(order.get(to)).length() <= layout.positions()) {
        positions += samples.get(order.get(to++)).length();
      }
      scoreTogether(samples, order.subList(from, to), result);
      from = to;
    }
    return result;
  }

  private void check(TokenSample sample) {
    String name = "sample " + sample.sample();
    if (unscorable(sample).isPresent()) {
      throw new IllegalArgumentException(name + " has no scored target");
    }
    if (sample.length() > config.cutoff()) {
      throw InputException.of(
          name,
          "has " + sample.length() + " tokens where the cutoff is " + config.cutoff(),
          "raise the cutoff or shorten the sample");
    }
    for (int id : sample.inputIds()) {
      if (id < 0 || id >= architecture.vocabulary()) {
        throw InputException.of(
            name,
            "has token " + id + " where the model's vocabulary has " + architecture.vocabulary(),
            "use the tokenizer that belongs to the model");
      }
    }
  }

  private void scoreTogether(List<TokenSample> samples, List<Integer> members, EffortBatch result) {
    List<TokenSample> packed = new ArrayList<>();
    members.forEach(member -> packed.add(samples.get(member)));
    MacroBatch batch = new MacroBatch(packed, layout.chunkRows());
    layout.tensors().write(batch);
    forward(batch);
    backward(batch);

    Map<String, double[]> norms = layout.norms().norms(packed.size());
    double[] losses = layout.tensors().losses(packed.size());
    for (int i = 0; i < packed.size(); i++) {
      int place = members.get(i);
      double squares = 0;
      for (Map.Entry<String, double[]> norm : norms.entrySet()) {
        double value = norm.getValue()[i];
        squares += value * value;
        result.tensorNorms()
                .computeIfAbsent(norm.getKey(), name -> new double[samples.size()])[place] =
            value;
      }
      result.effort()[place] = Math.sqrt(squares);
      result.loss()[place] = losses[i];
      if (!Double.isFinite(squares) || !Double.isFinite(losses[i])) {
        throw InputException.of(
            "sample " + packed.get(i).sample(),
            "its loss " + losses[i] + " or effort " + Math.sqrt(squares) + " is not finite",
            "check the weights of the model and the adapter");
      }
    }
  }

  /** Leaves the input of layers {@code lowest ..} in the streams. */
  private void forward(MacroBatch batch) {
    for (MacroBatch.Chunk chunk : batch.chunks) {
      layout.pass().embed(layout.tensors().chunk(chunk), layout.tensors().stream(0, chunk));
    }
    for (int layer = 0; layer < architecture.layers() - 1; layer++) {
      for (MacroBatch.Chunk chunk : batch.chunks) {
        int stream = Math.max(0, layer - lowest + 1);
        if (stream > 0) {
          layout.tensors().stream(stream, chunk)
              .copyFrom(layout.tensors().stream(stream - 1, chunk));
        }
        layout
            .pass()
            .forward(layer, layout.tensors().chunk(chunk), layout.tensors().stream(stream, chunk));
      }
    }
  }

  private void backward(MacroBatch batch) {
    int last = architecture.layers() - 1;
    for (MacroBatch.Chunk chunk : batch.chunks) {
      layout.norms().startAt(chunk.firstSample());
      layout
          .pass()
          .head(
              layout.tensors().chunk(chunk),
              layout.tensors().stream(last - lowest, chunk),
              reach(last),
              layout.tensors().losses(chunk),
              layout.norms(),
              layout.tensors().gradient(chunk));
    }
    for (int layer = last - 1; layer >= lowest; layer--) {
      for (MacroBatch.Chunk chunk : batch.chunks) {
        layout.norms().startAt(chunk.firstSample());
        TokenChunk tokens = layout.tensors().chunk(chunk);
        layout
            .pass()
            .backward(
                layer,
                tokens,
                layout.tensors().stream(layer - lowest, chunk),
                reach(layer),
                layout.norms(),
                layout.tensors().gradient(chunk));
      }
    }
  }

  private Reach reach(int layer) {
    if (layer > lowest) {
      return Reach.INPUT;
    }
    return config.params() == EffortParams.LAST_V_LORA_B ? Reach.VALUES : Reach.PROJECTIONS;
  }

  /** Frees the workspace. Idempotent. */
  @Override
  public void close() {
    workspace.close();
  }
}
