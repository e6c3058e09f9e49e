// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

/**
 * The search for the largest number of titles with which a text fits, given estimates and the truth
 * about the numbers tried. It ends when some k fits and k + 1 does not (or there is no k + 1), or
 * when one title does not fit.
 */
final class TitleSearch {
  private static final int GUESSES = 4; // after these, halving, however wrong the estimates are

  private final int[] estimates;
  private final int cutoff;
  private int fits = 0; // the largest number known to fit; 0 as long as none is
  private int fails; // the smallest number known not to fit
  private int error = 0; // truth less estimate at the last number tried
  private int tried = 0;
  private int last;

  /**
   * Starts a search.
   *
   * @param estimates about the length with k titles, ascending, for k = 0..titles
   * @param cutoff the longest that fits
   */
  TitleSearch(int[] estimates, int cutoff) {
    this.estimates = estimates;
    this.cutoff = cutoff;
    this.fails = estimates.length;
  }

  /** Whether the answer is known. */
  boolean found() {
    return fits + 1 >= fails;
  }

  /** The number of titles to try next. */
  int next() {
    int guess = (fits + fails) / 2;
    if (tried < GUESSES) {
      guess = fails - 1;
      while (guess > fits + 1 && estimates[guess] + error > cutoff) {
        guess--;
      }
    }
    last = guess;
    return guess;
  }

  /** Takes note of the true length at the number last tried. */
  void learn(int length, boolean itFits) {
    tried++;
    error = length - estimates[last];
    if (itFits) {
      fits = last;
    } else {
      fails = last;
    }
  }
}
