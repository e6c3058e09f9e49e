// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

/**
 * The words around a history of titles.
 *
 * @param instruction what the model is asked to do
 * @param input sentence with the placeholder {@value #HISTORY}, exactly once
 * @param separator goes between two titles of the history
 * @param generic true where the data set brought no prompt of its own
 */
public record Prompt(String instruction, String input, String separator, boolean generic) {
  /** Replaced by the titles of the history. */
  public static final String HISTORY = "{history}";

  /** The prompt of a data set that has none. */
  public static final Prompt GENERIC =
      new Prompt(
          "Given the items that the user has chosen before, please recommend a new item that the"
              + " user likes to the user.",
          "The user has chosen the following items before, with titles as: {history};",
          "; ",
          true);

  /**
   * Checks the placeholder.
   *
   * @throws IllegalArgumentException unless {@code input} contains it exactly once
   */
  public Prompt {
    int first = input.indexOf(HISTORY);
    if (first < 0 || input.indexOf(HISTORY, first + 1) >= 0) {
      throw new IllegalArgumentException("the input sentence must contain {history} exactly once");
    }
  }
}
