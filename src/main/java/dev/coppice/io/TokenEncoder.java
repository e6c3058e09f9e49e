// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import com.fasterxml.jackson.databind.JsonNode;
import dev.coppice.data.InputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/**
 * Text to token ids by a {@code tokenizer.json}, offline. Safe for use by several threads until it
 * is closed.
 *
 * <p>It asks the library for ids alone, and for spans where they are needed: the library's own
 * {@code Encoding} also makes a string and three more numbers of each token, at five times the
 * cost.
 */
final class TokenEncoder implements AutoCloseable {
  static { // before the first class of the library: it would look for a network and a GPU
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("OPT_OUT_TRACKING", "true");
  }

  private final Path file;
  private final HuggingFaceTokenizer tokenizer;
  private final Optional<SpecialTokens.Bos> bos;

  /**
   * Loads a tokenizer; truncation and padding that the file asks for are off.
   *
   * @param content of the file
   * @param bos what overrides the post-processor, if anything does
   * @throws InputException if the file is not a tokenizer's
   */
  TokenEncoder(Path file, JsonNode content, Optional<SpecialTokens.Bos> bos) {
    this.file = file;
    this.bos = bos;
    requireSoundTemplate(content.path("post_processor"));
    try {
      tokenizer =
          HuggingFaceTokenizer.builder()
              .optTokenizerPath(file)
              .optTruncation(false)
              .optPadding(false)
              .build();
    } catch (IOException | RuntimeException failure) {
      throw InputException.of(
          file.toString(),
          "is no tokenizer that can be loaded (" + Shown.sentence(failure.getMessage()) + ")",
          "export the model's tokenizer.json again");
    }
  }

  /** Refuses the templates for which the library would end the whole program. */
  private void requireSoundTemplate(JsonNode processor) {
    processor.path("processors").forEach(this::requireSoundTemplate);
    for (JsonNode piece : processor.path("single")) {
      String token = piece.path("SpecialToken").path("id").asText(null);
      if (token != null && !processor.path("special_tokens").has(token)) {
        throw unsound("uses the token " + Shown.quoted(token) + " without defining it");
      }
      if (!piece.path("Sequence").path("id").asText("A").equals("A")) {
        throw unsound("puts a second text into the template for one");
      }
    }
  }

  private InputException unsound(String what) {
    return InputException.of(
        file.toString(), "post_processor " + what, "export the model's tokenizer.json again");
  }

  /**
   * Token ids of a text, and where they lie in it.
   *
   * @param ids token ids, (T)
   * @param ends one past the last code point of each token; -1 for those that the post-processor
   *     put in, (T); null where not asked for
   */
  record Encoded(int[] ids, int[] ends) {
    /** The same with BOS first, or without. */
    private Encoded beginning(SpecialTokens.Bos bos) {
      boolean there = ids.length > 0 && ids[0] == bos.id();
      if (there == bos.wanted()) {
        return this;
      }
      return there
          ? new Encoded(withoutFirst(ids), ends == null ? null : withoutFirst(ends))
          : new Encoded(withFirst(bos.id(), ids), ends == null ? null : withFirst(-1, ends));
    }

    private static int[] withoutFirst(int[] values) {
      return Arrays.copyOfRange(values, 1, values.length);
    }

    private static int[] withFirst(int first, int[] values) {
      int[] longer = new int[values.length + 1];
      longer[0] = first;
      System.arraycopy(values, 0, longer, 1, values.length);
      return longer;
    }
  }

  /**
   * Encodes a text.
   *
   * @param special whether the post-processor may put in special tokens; BOS comes first if and
   *     only if the rule for it says so, where there is one
   * @param spans whether {@link Encoded#ends} is wanted
   * @throws InputException if the tokenizer has no tokens for the text
   */
  Encoded encode(String text, boolean special, boolean spans) {
    long encoding;
    try {
      encoding = TokenizersLibrary.LIB.encode(tokenizer.getHandle(), text, special);
    } catch (RuntimeException failure) {
      throw InputException.of(
          file.toString(),
          "cannot encode " + Shown.quoted(text) + " (" + Shown.sentence(failure.getMessage()) + ")",
          "use a tokenizer that knows every character or has an unknown token");
    }
    try {
      long[] ids = TokenizersLibrary.LIB.getTokenIds(encoding);
      int[] narrow = new int[ids.length];
      for (int t = 0; t < ids.length; t++) {
        narrow[t] = Math.toIntExact(ids[t]);
      }
      Encoded encoded = new Encoded(narrow, spans ? ends(encoding) : null);
      return special && bos.isPresent() ? encoded.beginning(bos.get()) : encoded;
    } finally {
      TokenizersLibrary.LIB.deleteEncoding(encoding);
    }
  }

  private static int[] ends(long encoding) {
    CharSpan[] spans = TokenizersLibrary.LIB.getTokenCharSpans(encoding);
    int[] ends = new int[spans.length];
    for (int t = 0; t < spans.length; t++) {
      ends[t] = spans[t] == null ? -1 : spans[t].getEnd();
    }
    return ends;
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
