// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.data.Dataset;
import dev.coppice.data.EvaluationSet;
import dev.coppice.data.Sequences;
import java.util.Arrays;

/** Two rankings without learning, measured as the surrogate is: what a report compares it with. */
public final class Baselines {
  private final EvaluationSet set;
  private final int[] popularity; // times an item occurs in training, by id
  private final int[] byPopularity; // ids, most popular first, ties by lower id
  private final int[] takenBy; // last user, counted from 1, that masked or was given the item

  private Baselines(Dataset dataset, EvaluationSet set) {
    this.set = set;
    popularity = new int[dataset.items() + 1];
    for (int item : dataset.train().items()) {
      popularity[item]++;
    }
    long[] keys = new long[dataset.items()];
    for (int id = 1; id <= keys.length; id++) {
      keys[id - 1] = ((long) (Integer.MAX_VALUE - popularity[id]) << 32) | id;
    }
    Arrays.sort(keys);
    byPopularity = Arrays.stream(keys).mapToInt(key -> (int) key).toArray();
    takenBy = new int[dataset.items() + 1];
  }

  /** The items that occur most often in training; ties by lower id. */
  public static RankingMetrics popularity(Dataset dataset, EvaluationSet set) {
    return new Baselines(dataset, set)
        .measure(new Sequences(new int[dataset.items() + 2], new int[0]));
  }

  /**
   * The items that most often follow the user's last one directly in a training sequence; ties, and
   * what is left of the ranking, by popularity and then lower id.
   */
  public static RankingMetrics successors(Dataset dataset, EvaluationSet set) {
    Baselines baselines = new Baselines(dataset, set);
    return baselines.measure(baselines.successors(dataset.train()));
  }

  /** Row i: the items that follow item i, most often first. */
  private Sequences successors(Sequences train) {
    int[] offsets = new int[popularity.length + 1];
    for (int row = 0; row < train.count(); row++) {
      for (int k = train.start(row); k < train.start(row + 1) - 1; k++) {
        offsets[train.items()[k] + 1]++;
      }
    }
    for (int i = 0; i < popularity.length; i++) {
      offsets[i + 1] += offsets[i];
    }
    int[] next = offsets.clone();
    int[] followers = new int[offsets[popularity.length]];
    for (int row = 0; row < train.count(); row++) {
      for (int k = train.start(row); k < train.start(row + 1) - 1; k++) {
        followers[next[train.items()[k]]++] = train.items()[k + 1];
      }
    }
    return ranked(new Sequences(offsets, followers));
  }

  /** Each row's different items by their count, then popularity, then id. */
  private Sequences ranked(Sequences followers) {
    int[] popularityRank = new int[popularity.length];
    for (int rank = 0; rank < byPopularity.length; rank++) {
      popularityRank[byPopularity[rank]] = rank;
    }
    int[] offsets = new int[followers.count() + 1];
    int[] items = new int[followers.items().length];
    int count = 0;
    for (int row = 0; row < followers.count(); row++) {
      int[] sorted =
          Arrays.copyOfRange(followers.items(), followers.start(row), followers.start(row + 1));
      Arrays.sort(sorted);
      long[] keys = new long[sorted.length];
      int distinct = 0;
      for (int k = 0; k < sorted.length; ) {
        int end = k + 1;
        while (end < sorted.length && sorted[end] == sorted[k]) {
          end++;
        }
        keys[distinct++] =
            ((long) (Integer.MAX_VALUE - (end - k)) << 32) | popularityRank[sorted[k]];
        k = end;
      }
      Arrays.sort(keys, 0, distinct);
      for (int k = 0; k < distinct; k++) {
        items[count++] = byPopularity[(int) keys[k]];
      }
      offsets[row + 1] = count;
    }
    return new Sequences(offsets, Arrays.copyOf(items, count));
  }

  /** Ranks the row of each user's last item first, then everything by popularity. */
  private RankingMetrics measure(Sequences first) {
    RankingMetrics.Sum sum = new RankingMetrics.Sum();
    int[] ranking = new int[RankingMetrics.DEPTH];
    for (int u = 0; u < set.count(); u++) {
      int user = u + 1;
      for (int k = set.mask().start(u); k < set.mask().start(u + 1); k++) {
        takenBy[set.mask().items()[k]] = user;
      }
      int last = set.items()[set.offsets()[u + 1] - 1];
      int count = take(first.items(), first.start(last), first.start(last + 1), user, ranking, 0);
      count = take(byPopularity, 0, byPopularity.length, user, ranking, count);
      Arrays.fill(ranking, count, ranking.length, -1);
      sum.add(ranking, 0, set.answers(), u);
    }
    return sum.mean();
  }

  /** Appends items that the user does not have yet until the ranking is full. */
  private int take(int[] items, int from, int to, int user, int[] ranking, int count) {
    int filled = count;
    for (int k = from; k < to && filled < ranking.length; k++) {
      if (takenBy[items[k]] != user) {
        takenBy[items[k]] = user;
        ranking[filled++] = items[k];
      }
    }
    return filled;
  }
}
