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
 * below the lowest of phi run forward only. Positions that all samples share are computed once a
 * macro-batch. A sample's result depends on nothing but the sample and the model: not on the other
 * samples, the memory or the number of threads.
 *
 * @see <a href="https://arxiv.org/abs/2401.17197">Lin et al. 2024</a>, section 3.3
 */
public final class EffortScorer implements AutoCloseable {
  private final EffortConfig config;
  private final LlmConfig architecture;
  private final EffortPlan plan;
  private final Workspace workspace;
  private final EffortLayout layout;
  private final EffortPass pass;
  private long computed;

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
    this.plan = plan;
    config = plan.config();
    architecture = plan.architecture();
    int positions = plan.positions();
    workspace = plan.backend().workspace(plan.bytes(positions));
    boolean ready = false;
    try {
      layout = plan.layout(workspace, plan.sizes(positions));
      layout.model().load(weights, adapter, config.seed());
      layout.pass().prepare();
      long left = config.memoryBytes() - workspace.bytes();
      pass = new EffortPass(plan, layout, layout.model().matrixBytes() > left);
      ready = true;
    } finally {
      if (!ready) {
        workspace.close();
      }
    }
  }

  /**
   * Memory without which a scorer cannot work: that of one sample of {@code cutoff} tokens.
   *
   * @throws ConfigException as the constructor, but for the memory
   */
  public static long leastBytes(
      Backend backend, LlmConfig architecture, LoraConfig lora, EffortConfig config) {
    return new EffortPlan(backend, architecture, lora, config).bytes(config.cutoff());
  }

  /** The largest cutoff for which the memory is enough; 0 if none is. */
  public static int longestSample(
      Backend backend, LlmConfig architecture, LoraConfig lora, EffortConfig config) {
    return new EffortPlan(backend, architecture, lora, config).longestSample();
  }

  /** Why a sample gets no score; empty if it can be scored. */
  public static Optional<Unscorable> unscorable(TokenSample sample) {
    return sample.targets() > 0
        ? Optional.empty()
        : Optional.of(new Unscorable(sample.sample(), "no token after the first is scored"));
  }

  /** The backend that computes. */
  public String backendName() {
    return plan.backend().name();
  }

  /** Most positions that are worked on together. */
  public int macroBatchPositions() {
    return layout.sizes().positions();
  }

  /** Positions that all samples share; they are computed once a macro-batch. */
  public int sharedPositions() {
    return layout.sizes().shared();
  }

  /** Positions that went through the layers so far, shared ones once a macro-batch. */
  public long computedPositions() {
    return computed;
  }

  /** Whether weights are given back layer by layer, since not all of them fit the memory. */
  public boolean streams() {
    return pass.streams();
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
      int to = macroBatch(samples, order, from);
      scoreTogether(samples, order.subList(from, to), result);
      from = to;
    }
    return result;
  }

  /** The end of the macro-batch that begins with place {@code from} of {@code order}. */
  private int macroBatch(List<TokenSample> samples, List<Integer> order, int from) {
    EffortSizes sizes = layout.sizes();
    int to = from;
    int own = sizes.shared();
    int whole = 0;
    while (to < order.size() && to - from < sizes.samples()) {
      int length = samples.get(order.get(to)).length();
      own += length - sizes.shared();
      whole += length;
      if (own > sizes.positions() || whole > sizes.wholePositions()) {
        return to;
      }
      to++;
    }
    return to;
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
    if (!config.prefix().begins(sample)) {
      throw new IllegalArgumentException(name + " does not begin with the shared prefix");
    }
    if (sharedPositions() > 0 && plan.firstPosition(sample) > 0) {
      throw new IllegalArgumentException(name + " has angles of its own and can share nothing");
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
    pass.write(packed);
    computed += layout.tensors().positions();
    pass.forward();
    double prefixLoss = pass.backward();

    Map<String, double[]> norms = layout.norms().norms(packed.size());
    double[] losses = layout.tensors().sampleLosses(packed.size());
    for (int i = 0; i < losses.length; i++) {
      losses[i] += prefixLoss / packed.get(i).targets();
    }
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

  /**
   * What scoring samples takes on this machine.
   *
   * @param examples some of the samples: as many as are at hand
   * @param seconds that the measurement may take; it takes longer only where one sample does
   * @param unitSeconds that a macro-batch may take, as a rule
   */
  public EffortForecast forecast(
      EffortWork work, List<TokenSample> examples, double seconds, double unitSeconds) {
    examples.forEach(this::check);
    EffortSizes most = layout.sizes();
    double limit = EffortCalibration.seconds(plan, work, seconds);
    EffortCalibration measured = EffortCalibration.measure(plan, pass, most, examples, limit);
    return measured.forecast(
        plan, most, work, layout.model().matrixBytes(), pass.streams(), unitSeconds);
  }

  /** Frees the workspace. Idempotent. */
  @Override
  public void close() {
    workspace.close();
  }
}
