// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coppice.data.AlpacaRecord;
import dev.coppice.data.ConfigException;
import dev.coppice.data.Dataset;
import dev.coppice.data.InputException;
import dev.coppice.data.Loss;
import dev.coppice.data.PromptText;
import dev.coppice.data.TokenSample;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Samples to tokens: the text of {@link PromptText}, as the tokenizer's post-processor completes it
 * (BOS), then EOS, unless the post-processor puts that too.
 *
 * <p>A sample of a data set that has more than {@code cutoff} tokens loses its oldest titles, one
 * after the other, while it has more than one; a text that still does not fit is cut at the end and
 * has no EOS. The number of titles is found with few tokenisations: guessed by the titles' own
 * token counts, then verified by tokenising with that many titles and with one more.
 *
 * <p>Under {@link Loss#RESPONSE} a token is scored if it holds a character of the response, even if
 * it also holds one before it; so is EOS. Safe for use by several threads until it is closed.
 */
public final class PromptTokenizer implements AutoCloseable {
  private final TokenEncoder encoder;
  private final int eosId;
  private final boolean appendsEos;
  private volatile TitleTokens titleTokens;

  private PromptTokenizer(TokenEncoder encoder, int eosId) {
    this.encoder = encoder;
    this.eosId = eosId;
    int[] probe = encoder.encode("a", true, false).ids();
    this.appendsEos = probe.length == 0 || probe[probe.length - 1] != eosId;
  }

  /**
   * Opens a {@code tokenizer.json}.
   *
   * @param eosId id of the end-of-sequence token, 0 or more
   * @throws InputException if the file is not a tokenizer's
   */
  public static PromptTokenizer open(Path tokenizerJson, int eosId) {
    if (eosId < 0) {
      throw new IllegalArgumentException("eosId " + eosId);
    }
    JsonNode content = JsonFile.read(tokenizerJson);
    return new PromptTokenizer(new TokenEncoder(tokenizerJson, content, Optional.empty()), eosId);
  }

  /**
   * Opens the tokenizer of a model folder in Hugging Face layout. EOS is the {@code eos_token_id}
   * of its {@code config.json}, the first where that is a list, or else the {@code eos_token} of
   * {@code tokenizer_config.json}; BOS is what the post-processor puts, unless {@code
   * add_bos_token} of {@code tokenizer_config.json} says whether there is one. No chat template is
   * applied.
   *
   * @throws InputException if a file is missing or wrong
   */
  public static PromptTokenizer openModel(Path folder) {
    Path file = folder.resolve("tokenizer.json");
    if (!Files.exists(file) && Files.exists(folder.resolve("tokenizer.model"))) {
      throw InputException.of(
          file.toString(),
          "there is no such file, only tokenizer.model",
          "convert it: AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)");
    }
    SpecialTokens special = new SpecialTokens(folder);
    JsonNode content = JsonFile.read(file);
    int eos = special.eos(content);
    return new PromptTokenizer(new TokenEncoder(file, content, special.bos(content)), eos);
  }

  /**
   * Tokens of one sample of a data set.
   *
   * @param sample id of a sample with two items or more
   * @param cutoff most tokens, BOS and EOS included, 2 or more
   */
  public TokenSample tokenize(Dataset dataset, int sample, int cutoff, Loss loss) {
    requireCutoff(cutoff);
    TitleTokens counts = countsOf(dataset);
    TitleSearch search = new TitleSearch(counts.estimates(dataset, sample), cutoff);
    Text best = null;
    while (!search.found()) {
      Text text = text(PromptText.record(dataset, sample, search.next()), loss);
      boolean fits = length(text) <= cutoff;
      search.learn(length(text), fits);
      if (fits || search.found() && best == null) {
        best = text;
      }
    }
    if (best == null) {
      throw new IllegalArgumentException("sample " + sample + " has no history");
    }
    return sample(sample, best, cutoff, loss);
  }

  /**
   * Tokens of a record, cut at the end if it has more than {@code cutoff}.
   *
   * @param sample id that the result carries
   */
  public TokenSample tokenize(AlpacaRecord record, int sample, int cutoff, Loss loss) {
    requireCutoff(cutoff);
    return sample(sample, text(record, loss), cutoff, loss);
  }

  /**
   * Tokens of some samples of a data set, in the order given.
   *
   * @param threads how many to work with, 1 or more; the result does not depend on it
   */
  public List<TokenSample> tokenize(
      Dataset dataset, int[] samples, int cutoff, Loss loss, int threads) {
    return ParallelList.of(
        samples.length, threads, i -> tokenize(dataset, samples[i], cutoff, loss));
  }

  @Override
  public void close() {
    encoder.close();
  }

  private static void requireCutoff(int cutoff) {
    if (cutoff < 2) {
      throw new ConfigException("cutoff must be 2 or more, got " + cutoff);
    }
  }

  private TitleTokens countsOf(Dataset dataset) {
    TitleTokens counts = titleTokens;
    if (counts == null || !counts.belongsTo(dataset)) {
      counts = new TitleTokens(encoder, dataset);
      titleTokens = counts; // a race costs a second count, no more
    }
    return counts;
  }

  /** A record's tokens before EOS and cutting, and the first code point of its response. */
  private record Text(TokenEncoder.Encoded encoded, int response) {}

  private Text text(AlpacaRecord record, Loss loss) {
    String text = PromptText.render(record);
    int response = text.codePointCount(0, PromptText.responseStart(record));
    return new Text(encoder.encode(text, true, loss == Loss.RESPONSE), response);
  }

  private int length(Text text) {
    return text.encoded.ids().length + (appendsEos ? 1 : 0);
  }

  private TokenSample sample(int sample, Text text, int cutoff, Loss loss) {
    int[] encoded = text.encoded.ids();
    int length = Math.min(cutoff, length(text));
    int[] ids = Arrays.copyOf(encoded, length);
    boolean complete = length(text) <= cutoff;
    if (complete && appendsEos) {
      ids[length - 1] = eosId;
    }
    boolean[] scored = new boolean[length];
    for (int t = 0; t < length; t++) {
      scored[t] = loss == Loss.ALL || isResponse(text, t);
    }
    if (complete && loss == Loss.RESPONSE) {
      scored[length - 1] = true; // EOS, from us or from the post-processor
    }
    return new TokenSample(sample, ids, scored);
  }

  private static boolean isResponse(Text text, int t) {
    int[] ends = text.encoded.ends();
    return t < ends.length && ends[t] > text.response;
  }
}
