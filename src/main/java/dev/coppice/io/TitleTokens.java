// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import dev.coppice.data.AlpacaRecord;
import dev.coppice.data.Dataset;
import dev.coppice.data.Prompt;
import dev.coppice.data.PromptText;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * About how many tokens each title adds to a text. A tokenizer may join characters across the edges
 * of a title, so these counts only guide a search that tokenises whole texts.
 */
final class TitleTokens {
  private final TokenEncoder encoder;
  private final String[] titles;
  private final Prompt prompt;
  private final int frame; // tokens of the text without history and response, with EOS
  private final AtomicIntegerArray counts; // by item, 0 where not yet counted

  TitleTokens(TokenEncoder encoder, Dataset dataset) {
    this.encoder = encoder;
    this.titles = dataset.titles();
    this.prompt = dataset.prompt();
    this.counts = new AtomicIntegerArray(titles.length);
    String input = prompt.input().replace(Prompt.HISTORY, "");
    String text = PromptText.render(new AlpacaRecord(prompt.instruction(), input, ""));
    this.frame = encoder.encode(text, true, false).ids().length + 1;
  }

  boolean belongsTo(Dataset dataset) {
    return titles == dataset.titles() && prompt.equals(dataset.prompt());
  }

  /** About the number of tokens of a sample with the latest k titles, for k = 0..titles. */
  int[] estimates(Dataset dataset, int sample) {
    int[] items = dataset.train().items();
    int last = dataset.train().start(sample + 1) - 1;
    int[] estimates = new int[dataset.train().length(sample)];
    estimates[0] = frame + count(items[last]);
    for (int k = 1; k < estimates.length; k++) {
      estimates[k] = estimates[k - 1] + count(items[last - k]);
    }
    return estimates;
  }

  private int count(int item) {
    int count = counts.get(item);
    if (count == 0) {
      String text = prompt.separator() + titles[item];
      count = Math.max(1, encoder.encode(text, false, false).ids().length);
      counts.set(item, count);
    }
    return count;
  }
}
