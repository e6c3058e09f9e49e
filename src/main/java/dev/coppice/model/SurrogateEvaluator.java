// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.backend.Allocator;
import dev.coppice.backend.Backend;
import dev.coppice.backend.Tensor;
import dev.coppice.backend.Workspace;
import dev.coppice.data.EvaluationSet;
import dev.coppice.data.Sequences;
import java.util.Arrays;

/**
 * Ranks all items for each user of an evaluation by the hidden state of the last input, without the
 * masked items, ties by lower id, and measures the ranking.
 */
public final class SurrogateEvaluator implements AutoCloseable {
  private static final int BATCH_POSITIONS = 8192;
  private static final int BATCH_USERS = 1024;

  private final Backend backend;
  private final SasRecConfig config;
  private final EvaluationSet set;
  private final Sequences mask;
  private final int[] bounds; // first user of each batch, and the number of users
  private final Workspace workspace;
  private final Tensors tensors;

  /** Everything that lies on the backend, for {@code users} users at a time. */
  private record Tensors(
      SasRecParameters weights,
      SasRecInput input,
      SasRec model,
      Tensor last,
      Tensor hidden,
      Tensor maskOffsets,
      Tensor maskIds,
      Tensor ids) {
    static Tensors of(
        Backend backend, Allocator a, SasRecConfig config, int users, int positions, int masked) {
      return new Tensors(
          new SasRecParameters(a, config),
          SasRecInput.forScoring(a, config, users, positions),
          new SasRec(backend, config, a, positions),
          a.i32(users),
          a.f32(users, config.hidden()),
          a.i32(users + 1),
          a.i32(masked),
          a.i32(users, RankingMetrics.DEPTH));
    }
  }

  /** Reserves memory. */
  public SurrogateEvaluator(Backend backend, SasRecConfig config, EvaluationSet set) {
    this.backend = backend;
    this.config = config;
    this.set = set;
    mask = sortedDistinct(set.mask());
    bounds = batches(set);
    int users = 0;
    int positions = 0;
    int masked = 0;
    for (int i = 0; i + 1 < bounds.length; i++) {
      users = Math.max(users, bounds[i + 1] - bounds[i]);
      positions = Math.max(positions, set.offsets()[bounds[i + 1]] - set.offsets()[bounds[i]]);
      masked = Math.max(masked, mask.start(bounds[i + 1]) - mask.start(bounds[i]));
    }
    int u = users;
    int t = positions;
    int m = masked;
    workspace =
        backend.workspace(Workspace.plan(backend, a -> Tensors.of(backend, a, config, u, t, m)));
    tensors = Tensors.of(backend, workspace, config, u, t, m);
  }

  private static int[] batches(EvaluationSet set) {
    int[] bounds = new int[set.count() + 1];
    int count = 0;
    for (int user = 0; user < set.count(); user++) {
      int from = bounds[count];
      boolean full =
          user - from >= BATCH_USERS
              || set.offsets()[user + 1] - set.offsets()[from] > BATCH_POSITIONS;
      if (full && user > from) {
        bounds[++count] = user;
      }
    }
    if (set.count() > 0) {
      bounds[++count] = set.count();
    }
    return Arrays.copyOf(bounds, count + 1);
  }

  private static Sequences sortedDistinct(Sequences rows) {
    int[] offsets = new int[rows.count() + 1];
    int[] items = new int[rows.items().length];
    int count = 0;
    for (int row = 0; row < rows.count(); row++) {
      int[] sorted = Arrays.copyOfRange(rows.items(), rows.start(row), rows.start(row + 1));
      Arrays.sort(sorted);
      for (int k = 0; k < sorted.length; k++) {
        if (k == 0 || sorted[k] != sorted[k - 1]) {
          items[count++] = sorted[k];
        }
      }
      offsets[row + 1] = count;
    }
    return new Sequences(offsets, Arrays.copyOf(items, count));
  }

  /**
   * Measures a model.
   *
   * @throws IllegalArgumentException if the weights are of another shape
   */
  public RankingMetrics evaluate(SurrogateWeights weights) {
    if (!weights.config().equals(config)) {
      throw new IllegalArgumentException(
          "weights of " + weights.config() + " given to an evaluation of " + config);
    }
    tensors.weights.load(backend, weights.tensors());
    RankingMetrics.Sum sum = new RankingMetrics.Sum();
    for (int i = 0; i + 1 < bounds.length; i++) {
      int[] ranked = rank(bounds[i], bounds[i + 1] - bounds[i]);
      for (int u = bounds[i]; u < bounds[i + 1]; u++) {
        sum.add(ranked, (u - bounds[i]) * RankingMetrics.DEPTH, set.answers(), u);
      }
    }
    return sum.mean();
  }

  /** The best items of some users, (count, DEPTH). */
  private int[] rank(int from, int count) {
    Tensors t = tensors;
    t.input.loadInputs(set.offsets(), set.items(), set.positions(), from, count);
    t.model.forward(t.weights, t.input);
    int[] last = new int[count];
    int[] maskOffsets = new int[count + 1];
    for (int u = 0; u < count; u++) {
      last[u] = set.offsets()[from + u + 1] - 1 - set.offsets()[from];
      maskOffsets[u + 1] = mask.start(from + u + 1) - mask.start(from);
    }
    int[] maskIds = Arrays.copyOfRange(mask.items(), mask.start(from), mask.start(from + count));
    Tensor lastRows = t.last.rows(0, count);
    Tensor hidden = t.hidden.rows(0, count);
    Tensor offsets = t.maskOffsets.rows(0, count + 1);
    Tensor masked = t.maskIds.rows(0, maskIds.length);
    Tensor ids = t.ids.rows(0, count);
    lastRows.write(last);
    offsets.write(maskOffsets);
    masked.write(maskIds);
    backend.embeddingForward(lastRows, t.model.hidden(), false, hidden);
    backend.itemTopK(hidden, t.weights.items(), offsets, masked, ids);
    return ids.ints();
  }

  /** Frees the memory. Idempotent. */
  @Override
  public void close() {
    workspace.close();
  }
}
