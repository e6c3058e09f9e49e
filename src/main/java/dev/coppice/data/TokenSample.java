// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

/**
 * A sample as the language model sees it.
 *
 * @param sample sample id
 * @param inputIds token ids, (T)
 * @param scored whether token t is a scored target, predicted from the tokens before it, (T);
 *     {@code scored[0]} means nothing, as nothing predicts the first token
 */
public record TokenSample(int sample, int[] inputIds, boolean[] scored) implements LlmSample {
  /**
   * Checks the lengths.
   *
   * @throws IllegalArgumentException if they differ
   */
  public TokenSample {
    if (inputIds.length != scored.length) {
      throw new IllegalArgumentException(
          "sample " + sample + ": " + inputIds.length + " ids, " + scored.length + " labels");
    }
  }

  /** Number of tokens, T. */
  public int length() {
    return inputIds.length;
  }

  /** Number of scored next-token targets; a sample with none is unscorable. */
  public int targets() {
    int count = 0;
    for (int t = 1; t < scored.length; t++) {
      count += scored[t] ? 1 : 0;
    }
    return count;
  }
}
