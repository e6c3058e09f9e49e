// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

/**
 * The text that a language model is fine-tuned on: the Alpaca template, and the record of a data
 * set's sample.
 *
 * <p>With context the text is {@code "Below is an instruction that describes a task, paired with an
 * input that provides further context. Write a response that appropriately completes the request.
 * \n\n### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:\n{output}"}; without,
 * the sentence ends at "task" and the input part is left out. One space stands before the first
 * line break and no line break at the end, as published.
 *
 * @see <a href="https://arxiv.org/abs/2308.08434">Bao et al. 2023</a> (BIGRec), which the prompts
 *     of DEALRec (arXiv 2401.17197) follow
 */
public final class PromptText {
  private static final String WITH_INPUT =
      "Below is an instruction that describes a task, paired with an input that provides further"
          + " context. Write a response that appropriately completes the request. \n\n"
          + "### Instruction:\n";
  private static final String WITHOUT_INPUT =
      "Below is an instruction that describes a task. Write a response that appropriately"
          + " completes the request. \n\n### Instruction:\n";
  private static final String INPUT = "\n\n### Input:\n";
  private static final String RESPONSE = "\n\n### Response:\n";

  private PromptText() {}

  /**
   * The record of a sample: its last item's title as the response to the titles before it.
   *
   * @throws IllegalArgumentException if the sample has only one item, and so no history
   */
  public static AlpacaRecord record(Dataset dataset, int sample) {
    return record(dataset, sample, dataset.train().length(sample) - 1);
  }

  /**
   * The record of a sample with only the latest {@code titles} titles of its history.
   *
   * @param titles from 1 to the sample's number of items less one
   */
  public static AlpacaRecord record(Dataset dataset, int sample, int titles) {
    int last = dataset.train().start(sample + 1) - 1;
    if (titles < 1 || titles > dataset.train().length(sample) - 1) {
      throw new IllegalArgumentException("sample " + sample + " has no history of " + titles);
    }
    int[] items = dataset.train().items();
    Prompt prompt = dataset.prompt();
    StringBuilder history = new StringBuilder();
    for (int i = last - titles; i < last; i++) {
      history.append(i == last - titles ? "" : prompt.separator());
      history.append(dataset.titles()[items[i]]);
    }
    String input = prompt.input().replace(Prompt.HISTORY, history);
    return new AlpacaRecord(prompt.instruction(), input, dataset.titles()[items[last]]);
  }

  /** The whole text of a record. */
  public static String render(AlpacaRecord record) {
    return beforeResponse(record).append(record.output()).toString();
  }

  /** Index in {@link #render}'s text of the first character of the response. */
  public static int responseStart(AlpacaRecord record) {
    return beforeResponse(record).length();
  }

  private static StringBuilder beforeResponse(AlpacaRecord record) {
    StringBuilder text = new StringBuilder();
    if (record.input().isEmpty()) {
      text.append(WITHOUT_INPUT).append(record.instruction());
    } else {
      text.append(WITH_INPUT).append(record.instruction()).append(INPUT).append(record.input());
    }
    return text.append(RESPONSE);
  }
}
