// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

import java.util.Arrays;

/**
 * What all samples of a data set begin with. Of the longest common prefix of (token, label) pairs,
 * LCP long, the first {@code P = LCP - 1} positions are shared: the target of position P - 1 is
 * then common too, and the last common token travels with each sample, which so has a position of
 * its own at least.
 *
 * @param ids the first P + 1 tokens; empty if nothing is shared
 * @param scored whether each of them is a scored target, (P+1)
 */
public record SharedPrefix(int[] ids, boolean[] scored) {
  /** Nothing is shared. */
  public static final SharedPrefix NONE = new SharedPrefix(new int[0], new boolean[0]);

  /**
   * Checks the lengths.
   *
   * @throws IllegalArgumentException if they differ or are 1, which would share nothing
   */
  public SharedPrefix {
    if (ids.length != scored.length || ids.length == 1) {
      throw new IllegalArgumentException(ids.length + " ids, " + scored.length + " labels");
    }
  }

  /** Finds what samples have in common, one after the other. */
  public static final class Search {
    private TokenSample first;
    private int common;

    /** One more sample. */
    public void add(TokenSample sample) {
      if (first == null) {
        first = sample;
        common = sample.length();
      }
      common = common(first, sample, common);
    }

    /** That of the samples so far. */
    public SharedPrefix found() {
      return common < 2 ? NONE : ofFirst(first, common - 1);
    }
  }

  /** That of some samples. */
  public static SharedPrefix of(Iterable<TokenSample> samples) {
    Search search = new Search();
    samples.forEach(search::add);
    return search.found();
  }

  /**
   * The first {@code length} positions of a sample, when it is known that all samples share them.
   *
   * @throws IllegalArgumentException if the sample has no position after them
   */
  public static SharedPrefix ofFirst(TokenSample sample, int length) {
    if (length >= sample.length()) {
      throw new IllegalArgumentException(
          "sample "
              + sample.sample()
              + " has "
              + sample.length()
              + " tokens, "
              + length
              + " shared");
    }
    return length == 0
        ? NONE
        : new SharedPrefix(
            Arrays.copyOf(sample.inputIds(), length + 1),
            Arrays.copyOf(sample.scored(), length + 1));
  }

  private static int common(TokenSample a, TokenSample b, int most) {
    int end = Math.min(most, b.length());
    for (int t = 0; t < end; t++) {
      // The first token is no target, whatever its label.
      boolean same = t == 0 || a.scored()[t] == b.scored()[t];
      if (!same || a.inputIds()[t] != b.inputIds()[t]) {
        return t;
      }
    }
    return end;
  }

  /** Number of shared positions, P. */
  public int length() {
    return Math.max(0, ids.length - 1);
  }

  /** Whether a sample begins with it and goes on. */
  public boolean begins(TokenSample sample) {
    return length() == 0
        || sample.length() >= ids.length
            && common(new TokenSample(0, ids, scored), sample, ids.length) == ids.length;
  }
}
