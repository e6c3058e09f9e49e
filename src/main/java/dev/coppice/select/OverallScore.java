// SPDX-License-Identifier: Apache-2.0
package dev.coppice.select;

import dev.coppice.data.ConfigException;
import dev.coppice.data.InputException;
import dev.coppice.data.Scores;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** Influence and effort scores combined into one number a sample, and the order it puts them in. */
public final class OverallScore {
  /** Name of the column with the influence score. */
  public static final String INFLUENCE = "influence";

  /** Name of the column with the effort score. */
  public static final String EFFORT = "effort";

  /** Name of the column that {@link #combine} adds. */
  public static final String OVERALL = "overall";

  private OverallScore() {}

  /** {@link #combine(List, double)} of one set of scores that holds both columns or one. */
  public static Scores combine(Scores scores, double mix) {
    return combine(List.of(scores), mix);
  }

  /**
   * The overall score of every sample that has both scores (or the only one given).
   *
   * <p>{@code overall(s) = minmax(influence)(s) + mix * minmax(effort)(s)}, the extremes taken over
   * the samples in the result. With one score alone {@code overall(s)} is its minmax, and {@code
   * mix} has no part in it. Columns other than influence and effort are not read.
   *
   * @param sources scores of which one has the column influence, one the column effort, or the same
   *     one both; order does not matter
   * @param mix weight of the effort score, at least 0 (option {@code --lambda})
   * @return the samples common to the columns given, ascending, with the columns influence, effort
   *     (as far as given) and overall; overall has no unit
   * @throws InputException if neither column is given, a column is given twice, or no sample has
   *     both
   * @throws ConfigException if {@code mix} is negative, NaN or infinite
   * @see <a href="https://arxiv.org/abs/2401.17197">Lin et al. 2024 (DEALRec)</a>
   */
  public static Scores combine(List<Scores> sources, double mix) {
    if (!(mix >= 0) || Double.isInfinite(mix)) {
      throw new ConfigException("lambda is " + mix + "; give a number of 0 or more");
    }
    Optional<Scores> influence = owner(sources, INFLUENCE);
    Optional<Scores> effort = owner(sources, EFFORT);
    if (influence.isEmpty() && effort.isEmpty()) {
      throw InputException.of(
          "scores", "no column influence or effort", "give a score file that has one of them");
    }
    int[] samples = common(influence, effort);
    if (samples.length == 0) {
      throw InputException.of(
          "scores", "no sample has a score", "give scores of the same samples, at least one");
    }
    Map<String, double[]> columns = new LinkedHashMap<>();
    influence.ifPresent(scores -> columns.put(INFLUENCE, values(scores, INFLUENCE, samples)));
    effort.ifPresent(scores -> columns.put(EFFORT, values(scores, EFFORT, samples)));
    columns.put(OVERALL, overall(columns.get(INFLUENCE), columns.get(EFFORT), mix));
    return Scores.of(samples, columns);
  }

  /**
   * The order in which samples are preferred: overall descending, ties by lower sample id.
   *
   * @param samples distinct sample ids in any order, (B)
   * @param overall overall score of each, (B)
   * @return indices into both arrays, best first, (B)
   */
  public static int[] order(int[] samples, double[] overall) {
    // + 0.0 makes the two zeros equal, which Double.compare tells apart
    Comparator<Integer> best = (i, j) -> Double.compare(overall[j] + 0.0, overall[i] + 0.0);
    return IntStream.range(0, samples.length)
        .boxed()
        .sorted(best.thenComparingInt(i -> samples[i]))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  private static double[] overall(double[] influence, double[] effort, double mix) {
    if (influence == null) {
      return ScoreNormalizer.minmax(effort);
    }
    double[] out = ScoreNormalizer.minmax(influence);
    if (effort != null) {
      double[] scaled = ScoreNormalizer.minmax(effort);
      for (int s = 0; s < out.length; s++) {
        out[s] += mix * scaled[s];
      }
    }
    return out;
  }

  private static Optional<Scores> owner(List<Scores> sources, String column) {
    List<Scores> owners = sources.stream().filter(scores -> scores.has(column)).toList();
    if (owners.size() > 1) {
      throw InputException.of(
          "scores",
          "the column " + column + " is in " + owners.size() + " of the files",
          "give it once");
    }
    return owners.stream().findFirst();
  }

  private static int[] common(Optional<Scores> influence, Optional<Scores> effort) {
    if (influence.isEmpty() || effort.isEmpty()) {
      return influence.or(() -> effort).orElseThrow().samples().clone();
    }
    Scores other = effort.get();
    return Arrays.stream(influence.get().samples()).filter(s -> other.indexOf(s) >= 0).toArray();
  }

  private static double[] values(Scores scores, String column, int[] samples) {
    double[] from = scores.column(column);
    return Arrays.stream(samples).mapToDouble(s -> from[scores.indexOf(s)]).toArray();
  }
}
