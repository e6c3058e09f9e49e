// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Workspace;
import dev.coppice.data.ConfigException;
import dev.coppice.data.LlmConfig;
import dev.coppice.data.LoraConfig;
import dev.coppice.data.Projection;
import dev.coppice.data.SharedPrefix;
import dev.coppice.data.TokenSample;
import dev.coppice.model.LanguageModel;
import dev.coppice.model.LanguagePass;
import dev.coppice.model.LanguagePass.Reach;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * How an effort pass divides its work: how many positions make a macro-batch and a chunk, and how
 * far down the gradient goes. No result depends on the sizes.
 *
 * @param chunkRows positions of a chunk, unless a sample is longer: enough work for a matrix
 *     product, and few enough for the processor's caches
 * @param logitBytes of the logits that are formed together
 */
record EffortPlan(
    Backend backend,
    LlmConfig architecture,
    LoraConfig lora,
    EffortConfig config,
    int chunkRows,
    long logitBytes) {
  /** Beyond these a macro-batch no longer gains by reading the weights less often. */
  private static final int MOST_POSITIONS = 1 << 16;

  private static final int MOST_SAMPLES = 1 << 12;

  private static final int CHUNK_ROWS = 1024;

  /** Positions of a chunk's whole samples, in multiples of those that are its own. */
  private static final int WHOLE_CHUNKS = 2;

  private static final long LOGIT_BYTES = 64L << 20;

  /**
   * Checks that the model can do what the configuration asks.
   *
   * @throws ConfigException if the adapter lacks the tensors asked for, or the cutoff exceeds the
   *     model's positions
   */
  EffortPlan {
    if (config.cutoff() > architecture.maxPositions()) {
      throw new ConfigException(
          "cutoff "
              + config.cutoff()
              + " exceeds the "
              + architecture.maxPositions()
              + " positions that the model's config.json is right for; lower it");
    }
    config.params().targets(architecture, lora);
  }

  /** With the usual sizes. */
  EffortPlan(Backend backend, LlmConfig architecture, LoraConfig lora, EffortConfig config) {
    this(backend, architecture, lora, config, CHUNK_ROWS, LOGIT_BYTES);
  }

  /** From where a sample's positions are counted: long texts have other rotary angles. */
  int firstPosition(TokenSample sample) {
    return sample.length() > architecture.shortTexts() ? config.cutoff() : 0;
  }

  private List<LoraConfig.Target> targets() {
    return config.params().targets(architecture, lora);
  }

  /** The lowest layer that the gradient goes into. */
  int lowest() {
    return targets().stream().mapToInt(LoraConfig.Target::layer).min().orElseThrow();
  }

  /** How far back a layer's gradient is formed. */
  Reach reach(int layer) {
    if (layer > lowest()) {
      return Reach.INPUT;
    }
    boolean scores =
        targets().stream()
            .filter(target -> target.layer() == layer)
            .map(LoraConfig.Target::projection)
            .anyMatch(projection -> projection == Projection.Q || projection == Projection.K);
    return scores ? Reach.PROJECTIONS : Reach.VALUES;
  }

  /**
   * Whether the backward pass is one of whole samples: unless the gradient is that of the last
   * layer's values alone, each sample's loss reaches the shared positions in its own way.
   */
  boolean wholeBackward() {
    return !targets().stream()
        .allMatch(
            target ->
                target.layer() == architecture.layers() - 1 && target.projection() == Projection.V);
  }

  /**
   * The largest macro-batch that the memory allows, in positions.
   *
   * @throws ConfigException if it cannot hold one sample; it says what would do
   */
  int positions() {
    int fits = config.cutoff();
    if (bytes(fits) > config.memoryBytes()) {
      throw tooLittle();
    }
    int tooMany = Math.max(fits, MOST_POSITIONS) + 1;
    while (tooMany - fits > 1) {
      int middle = fits + (tooMany - fits) / 2;
      if (bytes(middle) <= config.memoryBytes()) {
        fits = middle;
      } else {
        tooMany = middle;
      }
    }
    return fits;
  }

  private ConfigException tooLittle() {
    long needed = bytes(config.cutoff());
    int shorter = longestSample();
    String other =
        shorter == 0 ? "" : ", or a cutoff of " + shorter + " tokens or fewer fits what there is";
    return new ConfigException(
        String.format(
            Locale.ROOT,
            "memory of %.1f MiB is too little for samples of %d tokens, which take %.1f MiB;"
                + " give %d MiB or more%s",
            mebibytes(config.memoryBytes()),
            config.cutoff(),
            mebibytes(needed),
            (long) Math.ceil(mebibytes(needed)),
            other));
  }

  private static double mebibytes(long bytes) {
    return bytes / (double) (1 << 20);
  }

  /** The largest cutoff that the memory is enough for; 0 if none is. */
  int longestSample() {
    int fits = 0;
    int tooMany = config.cutoff() + 1;
    while (tooMany - fits > 1) {
      int middle = fits + (tooMany - fits) / 2;
      if (middle >= 2 && withCutoff(middle).bytes(middle) > config.memoryBytes()) {
        tooMany = middle;
      } else {
        fits = middle;
      }
    }
    return fits < 2 ? 0 : fits;
  }

  private EffortPlan withCutoff(int cutoff) {
    int shared = Math.min(config.prefix().length(), cutoff - 1);
    SharedPrefix prefix =
        shared == 0
            ? SharedPrefix.NONE
            : new SharedPrefix(
                Arrays.copyOf(config.prefix().ids(), shared + 1),
                Arrays.copyOf(config.prefix().scored(), shared + 1));
    EffortConfig shorter =
        new EffortConfig(config.params(), cutoff, config.memoryBytes(), config.seed(), prefix);
    return new EffortPlan(backend, architecture, lora, shorter, chunkRows, logitBytes);
  }

  /** Memory for macro-batches of so many positions. */
  long bytes(int positions) {
    return bytes(sizes(positions));
  }

  /** Memory for macro-batches of these sizes. */
  long bytes(EffortSizes sizes) {
    return Workspace.plan(backend, allocator -> layout(allocator, sizes));
  }

  /**
   * What the samples of one macro-batch fill.
   *
   * @param most what there is room for
   * @param lengths tokens of each sample, in any order
   */
  EffortSizes filled(EffortSizes most, int[] lengths) {
    int[] longestFirst =
        IntStream.of(lengths).map(length -> -length).sorted().map(n -> -n).toArray();
    int shared = most.shared();
    int ownRows = shared;
    int wholeRows = 0;
    int from = 0;
    for (int count : MacroBatch.cuts(longestFirst, shared, most.ownRows(), most.wholeRows())) {
      int whole = Arrays.stream(longestFirst, from, from + count).sum();
      ownRows = Math.max(ownRows, whole - count * shared);
      wholeRows = Math.max(wholeRows, whole);
      from += count;
    }
    int whole = IntStream.of(lengths).sum();
    int own = whole - (lengths.length - 1) * shared;
    return new EffortSizes(
        own, whole, lengths.length, ownRows, wholeRows, shared, most.wholeBackward());
  }

  /** How much is worked on at a time in macro-batches of so many positions. */
  EffortSizes sizes(int positions) {
    int shared = config.prefix().length();
    boolean whole = wholeBackward();
    int chunk = Math.max(config.cutoff(), chunkRows);
    int own = Math.min(positions, chunk);
    if (shared == 0) {
      int samples = Math.max(1, Math.min(MOST_SAMPLES, positions / 2)); // a scored one has 2 tokens
      return new EffortSizes(positions, positions, samples, own, own, 0, whole);
    }
    int samples = Math.max(1, Math.min(MOST_SAMPLES, positions - shared));
    int wholePositions = whole ? positions : positions + (samples - 1) * shared;
    int rows = Math.min(wholePositions, Math.max(config.cutoff(), WHOLE_CHUNKS * chunkRows));
    return new EffortSizes(positions, wholePositions, samples, own, rows, shared, whole);
  }

  /** Takes that memory from the front of an allocator. */
  EffortLayout layout(Allocator allocator, EffortSizes sizes) {
    int rows = sizes.rows();
    int logitRows =
        (int) Math.max(1, Math.min(rows, logitBytes / (4L * architecture.vocabulary())));
    LanguageModel model =
        new LanguageModel(backend, allocator, architecture, lora, config.cutoff());
    return new EffortLayout(
        sizes,
        model,
        new LanguagePass(model, allocator, rows, logitRows, sizes.shared(), sizes.wholeRows()),
        new LoraNorms(
            backend,
            allocator,
            config.params(),
            lora,
            targets(),
            sizes.samples(),
            sizes.wholeRows()),
        new EffortTensors(
            backend, allocator, sizes, architecture.hidden(), architecture.layers() - lowest()));
  }
}
