// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;
import dev.coppice.backend.Workspace;
import dev.coppice.data.PackedBatch;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.data.Weighting;
import dev.coppice.model.DenseTail;
import dev.coppice.model.SasRec;
import dev.coppice.model.SasRecConfig;
import dev.coppice.model.SasRecInput;
import dev.coppice.model.SasRecParameters;
import dev.coppice.model.SurrogateWeights;
import dev.coppice.model.TailState;
import java.util.Arrays;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * All scorable samples at the tail of the model, each position weighted by one over its sample's
 * number of positions, in fixed blocks of whole samples. Values that no direction changes are kept
 * where they fit into the memory allowed, and else recomputed whenever a block is asked for; either
 * way the bits are the same.
 */
final class TailBatches {
  /**
   * Positions of a block of the sums over all samples. Part of the definition of their rounding, so
   * no option changes it.
   */
  static final int BLOCK_POSITIONS = 4096;

  private final SurrogateSamples samples;
  private final int[] scorable;
  private final int[] offsets; // of each scorable sample among all positions
  private final int[] bounds; // first sample of each block, and the number of samples
  private final int capacity;
  private final boolean[] filled; // which blocks the cache holds; null without a cache
  private final Backend backend;
  private final SasRecConfig config;
  private final SasRecParameters shared; // weights of another, or null
  private Tensors tensors;

  /** Everything that lies on the backend. */
  private static final class Tensors {
    final SasRecParameters weights;
    final SasRecInput input;
    final SasRec model;
    final DenseTail tail;
    final TailState state; // of one macro-batch
    final TailState cache; // of all positions, or null
    final Tensor loss;
    final Tensor delta;
    final Tensor cachedLoss; // of all positions, or null
    final Tensor cachedOffsets; // of the samples of one macro-batch, or null

    Tensors(
        Backend backend,
        Allocator a,
        SasRecConfig config,
        SasRecParameters shared,
        int capacity,
        int all) {
      int d = config.hidden();
      weights = shared == null ? new SasRecParameters(a, config) : shared;
      input = SasRecInput.forScoring(a, config, capacity, capacity);
      model = new SasRec(backend, config, a, capacity);
      tail = new DenseTail(backend, weights, a, capacity);
      state = TailState.of(a, capacity, d);
      cache = all == 0 ? null : TailState.of(a, all, d);
      loss = a.f32(capacity);
      delta = a.f32(capacity, d);
      cachedLoss = all == 0 ? null : a.f32(all);
      cachedOffsets = all == 0 ? null : a.i32(capacity + 1);
    }
  }

  /**
   * A macro-batch after the tail's evaluation.
   *
   * @param state what tangents need
   * @param offsets where each of its samples lies, (B+1)
   * @param loss unweighted loss of each position, (T)
   * @param delta gradient of the weighted loss at the layer's output, (T,D)
   */
  record Evaluated(TailState state, Tensor offsets, Tensor loss, Tensor delta) {}

  /**
   * Divides the samples; {@link #layout} must follow.
   *
   * @param block most positions of a block that sums over all samples are made of, raised to the
   *     longest sample; it decides their rounding
   * @param room most positions of any other evaluation, raised to a block
   * @param miniBatch most positions of a mini-batch of {@link #together}; no matter where all
   *     states are kept
   * @param cacheBytes memory allowed for the states of all positions
   */
  TailBatches(
      Backend backend,
      SasRecConfig config,
      SurrogateSamples samples,
      int block,
      int room,
      int miniBatch,
      long cacheBytes) {
    this(backend, config, samples, null, block, room, miniBatch, cacheBytes);
  }

  private TailBatches(
      Backend backend,
      SasRecConfig config,
      SurrogateSamples samples,
      SasRecParameters shared,
      int block,
      int room,
      int miniBatch,
      long cacheBytes) {
    this.backend = backend;
    this.config = config;
    this.samples = samples;
    this.shared = shared;
    scorable = samples.scorable();
    offsets = offsets(samples);
    int largest = Math.max(block, config.maxLen());
    bounds = split(offsets, largest);
    int all = offsets[scorable.length];
    long needed = Workspace.plan(backend, a -> TailState.of(a, all, config.hidden()));
    filled = needed <= cacheBytes ? new boolean[bounds.length - 1] : null;
    int together = filled == null ? Math.min(miniBatch, all) : 0;
    capacity = Math.max(Math.max(room, largest), together);
  }

  /**
   * The same samples and weights on a lane, for the evaluation of any samples; {@link #layout} must
   * follow.
   *
   * @param room most positions of an evaluation, raised to the longest sample
   */
  TailBatches on(Backend lane, int room) {
    return new TailBatches(lane, config, samples, tensors.weights, 1, room, 0, 0);
  }

  /** Takes its tensors; called once to count and once more with memory. */
  void layout(Allocator allocator) {
    int cached = filled == null ? 0 : offsets[scorable.length];
    tensors = new Tensors(backend, allocator, config, shared, capacity, cached);
  }

  void load(SurrogateWeights weights) {
    tensors.weights.load(backend, weights.tensors());
  }

  /** Where each scorable sample lies among all positions, and their number, (N+1). */
  static int[] offsets(SurrogateSamples samples) {
    int[] scorable = samples.scorable();
    int[] offsets = new int[scorable.length + 1];
    for (int s = 0; s < scorable.length; s++) {
      offsets[s + 1] = Math.addExact(offsets[s], samples.transitions(scorable[s]));
    }
    return offsets;
  }

  /** Bounds of runs of whole samples of at most {@code capacity} positions. */
  static int[] split(int[] offsets, int capacity) {
    int samples = offsets.length - 1;
    int[] bounds = new int[samples + 1];
    int count = 0;
    for (int s = 0; s < samples; s++) {
      if (offsets[s + 1] - offsets[bounds[count]] > capacity) {
        bounds[++count] = s;
      }
    }
    bounds[++count] = samples;
    return Arrays.copyOf(bounds, count + 1);
  }

  /** Runs the model and its tail for some samples, keeping state and losses where told. */
  private Evaluated evaluate(int[] ids, TailState room, Tensor losses) {
    Tensors t = tensors;
    PackedBatch batch = samples.batch(ids, 0, Weighting.SAMPLE_MEAN);
    int positions = batch.positionCount();
    TailState state = room.rows(0, positions);
    t.input.load(batch);
    t.model.forwardToLastDense(t.weights, t.input);
    state.x().copyFrom(t.model.lastContext());
    state.positives().copyFrom(t.input.positives());
    state.negatives().copyFrom(t.input.negatives());
    state.weights().copyFrom(t.input.weights());
    Tensor loss = losses.rows(0, positions);
    Tensor delta = t.delta.rows(0, positions);
    t.tail.evaluate(state, t.model.lastResidual(), loss, delta);
    return new Evaluated(state, t.input.offsets(), loss, delta);
  }

  /** Evaluates samples of any ids, at most {@link #capacity} positions; valid until the next. */
  Evaluated evaluate(int[] ids) {
    int first = ids.length == 0 ? -1 : Arrays.binarySearch(scorable, ids[0]);
    return first >= 0 && cached(first, ids)
        ? recall(first, first + ids.length)
        : evaluate(ids, tensors.state, tensors.loss);
  }

  /** Whether the samples are the scorable ones from {@code first} on, and the cache has them. */
  private boolean cached(int first, int[] ids) {
    int end = first + ids.length;
    if (filled == null
        || end > scorable.length
        || !Arrays.equals(scorable, first, end, ids, 0, ids.length)) {
      return false;
    }
    for (int m = block(first); m <= block(end - 1); m++) {
      if (!filled[m]) {
        return false;
      }
    }
    return true;
  }

  /** What the evaluation of the scorable samples {@code from .. to-1} gave, from the cache. */
  private Evaluated recall(int from, int to) {
    int start = offsets[from];
    int positions = offsets[to] - start;
    int[] ofRun = new int[to - from + 1];
    for (int s = from; s <= to; s++) {
      ofRun[s - from] = offsets[s] - start;
    }
    Tensor where = tensors.cachedOffsets.rows(0, ofRun.length);
    where.write(ofRun);
    TailState state = cache(from, to);
    Tensor delta = tensors.delta.rows(0, positions);
    tensors.tail.delta(state, delta);
    return new Evaluated(state, where, tensors.cachedLoss.rows(start, positions), delta);
  }

  /** Whether all evaluations are kept, so that those of runs of samples need not be made again. */
  boolean kept() {
    if (filled == null) {
      return false;
    }
    for (boolean block : filled) {
      if (!block) {
        return false;
      }
    }
    return true;
  }

  /** The block that holds a scorable sample. */
  private int block(int number) {
    int found = Arrays.binarySearch(bounds, number);
    return found >= 0 ? found : -found - 2;
  }

  /** Number of blocks. */
  int count() {
    return bounds.length - 1;
  }

  /** Evaluates block {@code m} anew; valid until the next call of this class. */
  Evaluated evaluated(int m) {
    int[] ids = Arrays.copyOfRange(scorable, bounds[m], bounds[m + 1]);
    if (filled == null) {
      return evaluate(ids, tensors.state, tensors.loss);
    }
    TailState room = cache(bounds[m], bounds[m + 1]);
    Tensor losses = tensors.cachedLoss.rows(offsets[bounds[m]], room.positionCount());
    Evaluated result = evaluate(ids, room, losses);
    filled[m] = true;
    return result;
  }

  /** State of block {@code m}; valid until the next call of this class. */
  TailState state(int m) {
    return filled != null && filled[m] ? cache(bounds[m], bounds[m + 1]) : evaluated(m).state();
  }

  /**
   * States of the samples of a recursion's first steps, and where each sample lies in them.
   *
   * @param state of the samples, at least
   * @param ranges first position and end of each sample of each step in turn
   * @param steps how many of the steps asked for these are
   */
  record Together(TailState state, int[] ranges, int steps) {}

  /**
   * States of mini-batches of samples by their numbers among the scorable ones: all that are asked
   * for where they are kept, else as many steps as fit into one evaluation. Valid until the next
   * call of this class.
   *
   * @param steps mini-batch of each step
   * @param from first step wanted
   * @throws IllegalArgumentException if one mini-batch is larger than an evaluation
   */
  Together together(int[][] steps, int from) {
    if (filled != null) {
      for (int m = 0; m < count(); m++) {
        state(m);
      }
      return new Together(
          tensors.cache, ranges(steps, from, steps.length, offsets), steps.length - from);
    }
    TreeSet<Integer> wanted = new TreeSet<>();
    int positions = 0;
    int end = from;
    for (; end < steps.length; end++) {
      TreeSet<Integer> more = new TreeSet<>();
      Arrays.stream(steps[end]).filter(number -> !wanted.contains(number)).forEach(more::add);
      positions += more.stream().mapToInt(number -> offsets[number + 1] - offsets[number]).sum();
      if (positions > capacity) {
        break;
      }
      wanted.addAll(more);
    }
    if (end == from) {
      throw new IllegalArgumentException(
          "a mini-batch of " + positions + " positions; one evaluation takes " + capacity);
    }
    int[] where = new int[offsets.length];
    int at = 0;
    for (int number : wanted) {
      where[number] = at;
      at += offsets[number + 1] - offsets[number];
    }
    int[] ids = wanted.stream().mapToInt(number -> scorable[number]).toArray();
    TailState state = evaluate(ids, tensors.state, tensors.loss).state();
    return new Together(state, ranges(steps, from, end, where), end - from);
  }

  /** First position and end of each sample of each step, from the first position of a sample. */
  private int[] ranges(int[][] steps, int from, int to, int[] first) {
    return Arrays.stream(steps, from, to)
        .flatMapToInt(Arrays::stream)
        .flatMap(
            number ->
                IntStream.of(first[number], first[number] + offsets[number + 1] - offsets[number]))
        .toArray();
  }

  /** State of one sample by its number among the scorable ones; valid until the next call. */
  TailState sample(int number) {
    if (filled == null) {
      return evaluate(new int[] {scorable[number]}).state();
    }
    int m = block(number);
    if (!filled[m]) {
      evaluated(m);
    }
    return cache(number, number + 1);
  }

  /** Rows of the cache that hold the scorable samples {@code from .. to-1}. */
  private TailState cache(int from, int to) {
    return tensors.cache.rows(offsets[from], offsets[to] - offsets[from]);
  }

  /** Number of scorable samples, N. */
  int samples() {
    return scorable.length;
  }

  /** Most positions of an evaluation. */
  int capacity() {
    return capacity;
  }

  DenseTail tail() {
    return tensors.tail;
  }
}
