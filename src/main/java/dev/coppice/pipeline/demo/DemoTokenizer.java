// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline.demo;

import dev.coppice.io.JsonFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A tokenizer whose tokens are the 256 bytes, as a Hugging Face {@code tokenizer.json}: BPE without
 * merges over the byte-level alphabet. Ids: 0 unknown, 1 BOS, 2 EOS, 3 + byte.
 */
final class DemoTokenizer {
  static final int BOS = 1;
  static final int EOS = 2;
  private static final List<String> SPECIAL = List.of("<unk>", "<s>", "</s>");

  /** Number of tokens. */
  static final int VOCABULARY = SPECIAL.size() + 256;

  private DemoTokenizer() {}

  /** Writes {@code tokenizer.json}. */
  static void write(Path file) throws IOException {
    Map<String, Object> byteLevel = new LinkedHashMap<>();
    byteLevel.put("type", "ByteLevel");
    byteLevel.put("add_prefix_space", false);
    byteLevel.put("trim_offsets", true);
    byteLevel.put("use_regex", false);
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("version", "1.0");
    root.put("truncation", null);
    root.put("padding", null);
    root.put("added_tokens", addedTokens());
    root.put("normalizer", null);
    root.put("pre_tokenizer", byteLevel);
    root.put("post_processor", startOfText());
    root.put("decoder", byteLevel);
    root.put("model", model());
    JsonFile.write(file, root);
  }

  private static List<Object> addedTokens() {
    List<Object> tokens = new ArrayList<>();
    for (int id = 0; id < SPECIAL.size(); id++) {
      Map<String, Object> token = new LinkedHashMap<>();
      token.put("id", id);
      token.put("content", SPECIAL.get(id));
      for (String rule : List.of("single_word", "lstrip", "rstrip", "normalized")) {
        token.put(rule, false);
      }
      token.put("special", true);
      tokens.add(token);
    }
    return tokens;
  }

  /** Puts BOS before the text. */
  private static Map<String, Object> startOfText() {
    String bos = SPECIAL.get(BOS);
    Map<String, Object> token = new LinkedHashMap<>();
    token.put("id", bos);
    token.put("ids", List.of(BOS));
    token.put("tokens", List.of(bos));
    Map<String, Object> first = Map.of("SpecialToken", piece(bos, 0));
    Map<String, Object> processor = new LinkedHashMap<>();
    processor.put("type", "TemplateProcessing");
    processor.put("single", List.of(first, Map.of("Sequence", piece("A", 0))));
    processor.put(
        "pair", List.of(Map.of("Sequence", piece("A", 0)), Map.of("Sequence", piece("B", 1))));
    processor.put("special_tokens", Map.of(bos, token));
    return processor;
  }

  private static Map<String, Object> piece(String id, int type) {
    Map<String, Object> piece = new LinkedHashMap<>();
    piece.put("id", id);
    piece.put("type_id", type);
    return piece;
  }

  private static Map<String, Object> model() {
    Map<String, Integer> vocabulary = new LinkedHashMap<>();
    SPECIAL.forEach(token -> vocabulary.put(token, vocabulary.size()));
    String[] alphabet = byteAlphabet();
    for (int value = 0; value < alphabet.length; value++) {
      vocabulary.put(alphabet[value], SPECIAL.size() + value);
    }
    Map<String, Object> model = new LinkedHashMap<>();
    model.put("type", "BPE");
    model.put("dropout", null);
    model.put("unk_token", null);
    model.put("continuing_subword_prefix", null);
    model.put("end_of_word_suffix", null);
    model.put("fuse_unk", false);
    model.put("byte_fallback", false);
    model.put("vocab", vocabulary);
    model.put("merges", List.of());
    return model;
  }

  /**
   * The printable character that stands for each byte in byte-level BPE: printable Latin-1 is
   * itself, the others take the code points from 256 on, in order.
   */
  static String[] byteAlphabet() {
    String[] alphabet = new String[256];
    int others = 256;
    for (int value = 0; value < 256; value++) {
      boolean printable =
          value >= '!' && value <= '~' || value >= 0xA1 && value <= 0xAC || value >= 0xAE;
      alphabet[value] = Character.toString(printable ? value : others++);
    }
    return alphabet;
  }
}
