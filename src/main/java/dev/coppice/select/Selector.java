// SPDX-License-Identifier: Apache-2.0
package dev.coppice.select;

import dev.coppice.data.InputException;
import dev.coppice.random.Philox;
import dev.coppice.random.Purpose;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Chooses the samples to keep; a pure function of ids, overall scores and configuration. */
public final class Selector {
  private final SelectionConfig config;
  private final int[] samples; // ascending
  private final double[] overall; // of each of samples
  private final long[] hashes; // of each of samples

  private Selector(SelectionConfig config, int[] samples, double[] overall) {
    this.config = config;
    this.samples = samples;
    this.overall = overall;
    this.hashes =
        Arrays.stream(samples)
            .mapToLong(s -> Philox.key(config.seed(), Purpose.SELECTION, s, 0, 0))
            .toArray();
  }

  /**
   * Exactly {@code config.n()} of the samples.
   *
   * <p>Coverage: drop the {@code floor(hardPrune * B)} samples of the highest overall score (ties:
   * the lower id goes first). Cut the range [lo, hi] of the rest into K strata of equal width,
   * {@code stratum = min(K-1, floor((v - lo) / (hi - lo) * K))}, one stratum where hi = lo. Then,
   * the smallest non-empty stratum first (ties: lower index), keep {@code min(size, floor(left /
   * strata left))} of it, those of the smallest hash {@code Philox.key(seed, SELECTION, id, 0, 0)}
   * (unsigned; ties: lower id). Top: the n highest overall scores, ties by lower id. Random: the n
   * smallest hashes. Both of these report strata of the whole range and drop nothing.
   *
   * <p>Exactly n are returned: while m strata of sizes s1 <= s2 <= ... hold at least {@code left}
   * samples, keeping q = floor(left / m) < s1 leaves {@code left - q <= (m-1)(q+1)} to take, and
   * the m-1 other strata have at least q+1 samples each; keeping all of s1 lowers both sides by s1.
   * The last stratum gives all that is left.
   *
   * @param samples distinct sample ids >= 0 in any order, (B)
   * @param overall finite overall score of each, (B)
   * @return the selection; does not depend on the order of {@code samples}
   * @throws InputException if fewer than n samples are left after hard pruning, saying how many
   * @throws IllegalArgumentException if lengths differ, an id repeats or is negative, or a score is
   *     not finite
   * @see <a href="https://arxiv.org/abs/2210.15809">Zheng et al. 2023 (CCS)</a>, algorithm 1
   * @see <a href="https://arxiv.org/abs/2401.17197">Lin et al. 2024 (DEALRec)</a>
   */
  public static Selection select(SelectionConfig config, int[] samples, double[] overall) {
    if (samples.length != overall.length) {
      throw new IllegalArgumentException(
          samples.length + " samples, " + overall.length + " overall scores");
    }
    int[] byId =
        IntStream.range(0, samples.length)
            .boxed()
            .sorted(Comparator.comparingInt(i -> samples[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    int[] ids = Arrays.stream(byId).map(i -> samples[i]).toArray();
    double[] scores = Arrays.stream(byId).mapToDouble(i -> overall[i]).toArray();
    requireSound(ids, scores);
    requireCandidates(config, ids.length);
    return new Selector(config, ids, scores).run();
  }

  private Selection run() {
    int[] order = OverallScore.order(samples, overall); // best first
    int dropped = config.hardPruned(samples.length);
    int[] kept = Arrays.copyOfRange(order, dropped, order.length);
    double[] left = Arrays.stream(kept).mapToDouble(i -> overall[i]).toArray();
    ScoreNormalizer.Range range = ScoreNormalizer.Range.of(left);
    int strata = range.isPoint() ? 1 : config.strata();
    int[] stratum = new int[samples.length];
    Arrays.fill(stratum, Selection.HARD_PRUNED);
    int[] sizes = new int[strata];
    for (int i : kept) {
      stratum[i] = Math.min(strata - 1, (int) Math.floor(range.fraction(overall[i]) * strata));
      sizes[stratum[i]]++;
    }
    int[] chosen =
        switch (config.strategy()) {
          case COVERAGE -> coverage(kept, stratum, sizes);
          case TOP -> Arrays.copyOf(order, config.n());
          case RANDOM -> smallestHashes(Arrays.stream(kept), config.n());
        };
    int[] counts = new int[strata];
    for (int i : chosen) {
      counts[stratum[i]]++;
    }
    int[] selected = Arrays.stream(chosen).map(i -> samples[i]).sorted().toArray();
    return new Selection(selected, samples, overall, stratum, sizes, counts, edges(range, strata));
  }

  private int[] coverage(int[] kept, int[] stratum, int[] sizes) {
    List<Integer> smallestFirst =
        IntStream.range(0, sizes.length)
            .filter(k -> sizes[k] > 0)
            .boxed()
            .sorted(Comparator.comparingInt(k -> sizes[k])) // stable: ties by lower index
            .toList();
    int[] takes = new int[sizes.length];
    int left = config.n();
    for (int m = 0; m < smallestFirst.size(); m++) {
      int k = smallestFirst.get(m);
      takes[k] = Math.min(sizes[k], left / (smallestFirst.size() - m));
      left -= takes[k];
    }
    if (left != 0) {
      throw new IllegalStateException(left + " of " + config.n() + " samples not placed");
    }
    return IntStream.of(smallestHashes(Arrays.stream(kept), kept.length))
        .filter(i -> takes[stratum[i]]-- > 0)
        .toArray();
  }

  private int[] smallestHashes(IntStream candidates, int n) {
    Comparator<Integer> byHash = (i, j) -> Long.compareUnsigned(hashes[i], hashes[j]);
    return candidates
        .boxed()
        .sorted(byHash.thenComparingInt(i -> samples[i]))
        .limit(n)
        .mapToInt(Integer::intValue)
        .toArray();
  }

  private static double[] edges(ScoreNormalizer.Range range, int strata) {
    double[] edges = new double[strata + 1];
    for (int k = 0; k <= strata; k++) {
      double share = (double) k / strata;
      edges[k] = range.lo() * (1 - share) + range.hi() * share; // no overflow, exact at both ends
    }
    return edges;
  }

  private static void requireSound(int[] ascending, double[] overall) {
    for (int i = 0; i < ascending.length; i++) {
      if (ascending[i] < 0 || i > 0 && ascending[i] == ascending[i - 1]) {
        throw new IllegalArgumentException("sample " + ascending[i] + " is negative or repeated");
      }
      if (!Double.isFinite(overall[i])) {
        throw new IllegalArgumentException(
            "the overall score of sample " + ascending[i] + " is " + overall[i]);
      }
    }
  }

  private static void requireCandidates(SelectionConfig config, int count) {
    int dropped = config.hardPruned(count);
    int candidates = count - dropped;
    if (candidates < config.n()) {
      String pruned = dropped == 0 ? "" : ", " + dropped + " of them hard-pruned";
      throw InputException.of(
          "scores",
          String.format(
              "%d samples asked for, %d can be selected (%d have an overall score%s)",
              config.n(), candidates, count, pruned),
          dropped == 0 ? "lower --n" : "lower --n or --hard-prune");
    }
  }
}
