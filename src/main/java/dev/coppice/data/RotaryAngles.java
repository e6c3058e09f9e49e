// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

import java.util.List;

/**
 * Angles of rotary positions: pair c of a head turns by {@code p frequencies[c]} at position p, or
 * by {@code p longFrequencies[c]} in long texts, at every position of theirs. The first {@code 2
 * frequencies.size()} columns of a head turn, column c with column {@code c + frequencies.size()};
 * the others stay.
 *
 * @param frequencies radians a position, one a pair
 * @param factor that cosines and sines are multiplied by; 1 but for long contexts
 * @param shortTexts longest text, in tokens, that is not a long one
 * @param longFrequencies of long texts, one a pair
 * @see <a href="https://arxiv.org/abs/2104.09864">Su et al. 2021</a>
 */
public record RotaryAngles(
    List<Double> frequencies, double factor, int shortTexts, List<Double> longFrequencies) {

  /** Copies the lists. */
  public RotaryAngles {
    frequencies = List.copyOf(frequencies);
    longFrequencies = List.copyOf(longFrequencies);
  }

  /** The same angles in texts of any length. */
  public RotaryAngles(List<Double> frequencies, double factor) {
    this(frequencies, factor, Integer.MAX_VALUE, frequencies);
  }

  /**
   * {@code theta^(-2c/width)}, as published.
   *
   * @param width columns that turn, even
   */
  public static RotaryAngles plain(double theta, int width) {
    Double[] frequencies = new Double[width / 2];
    for (int c = 0; c < frequencies.length; c++) {
      frequencies[c] = Math.pow(theta, -2.0 * c / width);
    }
    return new RotaryAngles(List.of(frequencies), 1);
  }
}
