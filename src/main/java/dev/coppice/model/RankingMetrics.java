// SPDX-License-Identifier: Apache-2.0
package dev.coppice.model;

import dev.coppice.data.Sequences;
import java.util.Arrays;

/**
 * Recall and NDCG of a full ranking, means over users, at the cutoffs {@link #CUTOFFS}.
 *
 * <p>A user may have many answers: {@code recall@K = hits / |answers|}; {@code ndcg@K} = sum of
 * 1/log2(rank+1) over the hits, divided by the same sum for min(|answers|, K) hits at the top.
 *
 * @param recall of each cutoff; 0 without users
 * @param ndcg of each cutoff; 0 without users
 * @param users how many users were ranked
 */
public record RankingMetrics(double[] recall, double[] ndcg, int users) {
  private static final int[] CUTOFFS = {5, 10, 20, 50};

  /** Length of the rankings that are judged: the largest cutoff. */
  static final int DEPTH = CUTOFFS[CUTOFFS.length - 1];

  /** The cutoffs K, ascending; a copy. */
  public static int[] cutoffs() {
    return CUTOFFS.clone();
  }

  /** Recall at one of the cutoffs. */
  public double recallAt(int cutoff) {
    return recall[index(cutoff)];
  }

  /** NDCG at one of the cutoffs. */
  public double ndcgAt(int cutoff) {
    return ndcg[index(cutoff)];
  }

  private static int index(int cutoff) {
    int index = Arrays.binarySearch(CUTOFFS, cutoff);
    if (index < 0) {
      throw new IllegalArgumentException(
          "no metrics at " + cutoff + ", only at " + Arrays.toString(CUTOFFS));
    }
    return index;
  }

  @Override
  public String toString() {
    return "Recall@10 %.4f, NDCG@10 %.4f over %d users".formatted(recallAt(10), ndcgAt(10), users);
  }

  /** Adds up users in the order in which they come. */
  static final class Sum {
    private static final double[] DISCOUNT = new double[DEPTH]; // of rank index 0, 1, ...
    private static final double[] IDEAL = new double[DEPTH + 1]; // sum of the first n discounts

    static {
      for (int rank = 0; rank < DEPTH; rank++) {
        DISCOUNT[rank] = Math.log(2) / Math.log(rank + 2.0);
        IDEAL[rank + 1] = IDEAL[rank] + DISCOUNT[rank];
      }
    }

    private final double[] recall = new double[CUTOFFS.length];
    private final double[] ndcg = new double[CUTOFFS.length];
    private int users;

    /**
     * Adds a user.
     *
     * @param ranked item ids, best first, -1 where none is left
     * @param at where the user's ranking starts in {@code ranked}; {@link #DEPTH} ids
     * @param answers rows of different ids, ascending; the user's has at least one
     * @param row of the user
     */
    void add(int[] ranked, int at, Sequences answers, int row) {
      int from = answers.start(row);
      int to = answers.start(row + 1);
      int hits = 0;
      double gain = 0;
      int k = 0;
      for (int rank = 0; rank < DEPTH; rank++) {
        if (Arrays.binarySearch(answers.items(), from, to, ranked[at + rank]) >= 0) {
          hits++;
          gain += DISCOUNT[rank];
        }
        if (rank + 1 == CUTOFFS[k]) {
          recall[k] += (double) hits / (to - from);
          ndcg[k] += gain / IDEAL[Math.min(to - from, CUTOFFS[k])];
          k++;
        }
      }
      users++;
    }

    RankingMetrics mean() {
      double divisor = Math.max(1, users);
      return new RankingMetrics(
          Arrays.stream(recall).map(sum -> sum / divisor).toArray(),
          Arrays.stream(ndcg).map(sum -> sum / divisor).toArray(),
          users);
    }
  }
}
