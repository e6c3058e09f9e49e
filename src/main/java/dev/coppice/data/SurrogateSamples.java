// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

import dev.coppice.random.Philox;
import dev.coppice.random.Purpose;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The surrogate's view of a data set: each sample as next-item transitions with sampled negatives.
 *
 * <p>A sample i1..in (after the holdout) has the transitions 0..n-2 from i(t+1) to i(t+2), of which
 * the last {@code maxLen} are used. The negative of transition t in an epoch is {@code 1 +
 * Philox.below(items)} with purpose {@link Purpose#NEGATIVES}, a = sample, b = epoch, c = t * 64 +
 * attempt, at the first attempt whose item is not in the user's whole training row; t counts from
 * the oldest transition, so truncation does not change a draw. Fixed negatives of the data set take
 * the place of the draws in every epoch. Safe for use by several threads.
 */
public final class SurrogateSamples {
  private static final int ATTEMPTS_PER_TRANSITION = 64;

  private final Dataset dataset;
  private final int maxLen;
  private final int holdout;
  private final long seed;
  private final int[] scorable;
  private final List<Unscorable> unscorable;

  /** Rows of the training sequences, each row sorted: for the search of drawn items. */
  private final int[] sortedItems;

  /**
   * Prepares the view.
   *
   * @param maxLen transitions kept of a sample, 1 or more
   * @param holdout how many of the latest training items of each user are left out, 0 or more
   * @param seed of the negatives
   * @throws InputException if a user has chosen every item, so that no negative exists
   */
  public SurrogateSamples(Dataset dataset, int maxLen, int holdout, long seed) {
    if (maxLen < 1) {
      throw new ConfigException("max-len must be 1 or more, got " + maxLen);
    }
    if (holdout < 0) {
      throw new ConfigException("holdout must be 0 or more, got " + holdout);
    }
    this.dataset = dataset;
    this.maxLen = maxLen;
    this.holdout = holdout;
    this.seed = seed;
    List<Unscorable> without = new ArrayList<>();
    int[] with = new int[dataset.samples()];
    int count = 0;
    for (int sample = 0; sample < dataset.samples(); sample++) {
      if (dataset.train().length(sample) - holdout >= 2) {
        with[count++] = sample;
      } else {
        without.add(new Unscorable(sample, reason(dataset.train().length(sample), holdout)));
      }
    }
    this.scorable = Arrays.copyOf(with, count);
    this.unscorable = List.copyOf(without);
    this.sortedItems = sortedRows(dataset.train());
    if (dataset.negatives().isEmpty()) {
      requireNegatives();
    }
  }

  private static String reason(int items, int holdout) {
    String has = items == 1 ? "1 training item" : items + " training items";
    return holdout == 0
        ? has + ", so no next-item target"
        : has + " of which " + Math.min(items, holdout) + " held out, so no next-item target";
  }

  private static int[] sortedRows(Sequences rows) {
    int[] sorted = rows.items().clone();
    for (int row = 0; row < rows.count(); row++) {
      Arrays.sort(sorted, rows.offsets()[row], rows.offsets()[row + 1]);
    }
    return sorted;
  }

  private void requireNegatives() {
    for (int sample : scorable) {
      int distinct = 0;
      int previous = 0;
      for (int i = dataset.train().start(sample); i < dataset.train().start(sample + 1); i++) {
        distinct += sortedItems[i] != previous ? 1 : 0;
        previous = sortedItems[i];
      }
      if (distinct >= dataset.items()) {
        throw InputException.at(
            "train.txt",
            sample + 1L,
            "user " + dataset.users().get(sample) + " has chosen every item, so none is negative",
            "add items to items.tsv, give negatives.txt, or remove the user from all files");
      }
    }
  }

  /** Ids of the samples with a transition or more, ascending; shared, do not write. */
  public int[] scorable() {
    return scorable;
  }

  /** The other samples, ascending, with the reason. */
  public List<Unscorable> unscorable() {
    return unscorable;
  }

  /** Number of transitions of a sample that are used: at most {@code maxLen}, 0 if unscorable. */
  public int transitions(int sample) {
    return Math.max(0, Math.min(maxLen, dataset.train().length(sample) - holdout - 1));
  }

  /**
   * The transitions of some samples, in the order given.
   *
   * @param samples ids of scorable samples, (B)
   * @param epoch 0-based, picks the negatives
   * @param weighting what the weights add up to
   * @throws IllegalArgumentException if a sample is unscorable
   */
  public PackedBatch batch(int[] samples, int epoch, Weighting weighting) {
    int[] offsets = new int[samples.length + 1];
    for (int b = 0; b < samples.length; b++) {
      int transitions = transitions(samples[b]);
      if (transitions == 0) {
        throw new IllegalArgumentException("sample " + samples[b] + " is unscorable");
      }
      offsets[b + 1] = Math.addExact(offsets[b], transitions);
    }
    int total = offsets[samples.length];
    int[] items = new int[total];
    int[] positives = new int[total];
    int[] negatives = new int[total];
    int[] positions = new int[total];
    double[] weights = new double[total];
    int[] all = dataset.train().items();
    for (int b = 0; b < samples.length; b++) {
      int count = offsets[b + 1] - offsets[b];
      int end = dataset.train().start(samples[b] + 1) - holdout; // after the last item used
      System.arraycopy(all, end - count - 1, items, offsets[b], count);
      System.arraycopy(all, end - count, positives, offsets[b], count);
      fillNegatives(samples[b], epoch, negatives, offsets[b], count);
      double weight = 1.0 / (weighting == Weighting.BATCH_MEAN ? total : count);
      Arrays.fill(weights, offsets[b], offsets[b + 1], weight);
      for (int k = 0; k < count; k++) {
        positions[offsets[b] + k] = maxLen - count + k;
      }
    }
    return new PackedBatch(
        samples.clone(), offsets, items, positives, negatives, positions, weights);
  }

  private void fillNegatives(int sample, int epoch, int[] out, int at, int count) {
    int first = dataset.train().length(sample) - holdout - 1 - count; // oldest transition used
    if (dataset.negatives().isPresent()) {
      Sequences fixed = dataset.negatives().get();
      System.arraycopy(fixed.items(), fixed.start(sample) + first, out, at, count);
      return;
    }
    for (int k = 0; k < count; k++) {
      out[at + k] = draw(sample, epoch, first + k);
    }
  }

  private int draw(int sample, int epoch, int transition) {
    int from = dataset.train().start(sample);
    int to = dataset.train().start(sample + 1);
    int counter = transition * ATTEMPTS_PER_TRANSITION;
    int item;
    do { // ends: the constructor has seen an item that this user has not chosen
      item = 1 + Philox.below(dataset.items(), seed, Purpose.NEGATIVES, sample, epoch, counter++);
    } while (Arrays.binarySearch(sortedItems, from, to, item) >= 0);
    return item;
  }
}
