// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Makes small byte-level BPE tokenizers: 0 is unknown, 1 BOS, 2 EOS, 3 + b the byte b, then a token
 * a merge. Words are not split, so merges may cross any edge.
 */
final class SmallTokenizer {
  static final int BOS = 1;
  static final int EOS = 2;
  static final int FIRST_BYTE = 3;
  static final int FIRST_MERGE = FIRST_BYTE + 256;

  private SmallTokenizer() {}

  /** Writes a tokenizer; each merge is two parts with a bar between them. */
  static Path write(Path file, boolean bos, boolean eos, String... merges) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode root = mapper.createObjectNode().put("version", "1.0");
    // Asked for by the file, but switched off by us.
    root.putObject("truncation")
        .put("direction", "Right")
        .put("max_length", 7)
        .put("strategy", "LongestFirst")
        .put("stride", 0);
    root.putNull("padding").putNull("normalizer");
    String[] special = {"<unk>", "<s>", "</s>"};
    for (int id = 0; id < special.length; id++) {
      root.withArray("added_tokens")
          .addObject()
          .put("id", id)
          .put("content", special[id])
          .put("single_word", false)
          .put("lstrip", false)
          .put("rstrip", false)
          .put("normalized", false)
          .put("special", true);
    }
    root.putObject("pre_tokenizer")
        .put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", false)
        .put("use_regex", false);
    postProcessor(root, bos, eos);
    root.putNull("decoder");
    ObjectNode model = root.putObject("model").put("type", "BPE");
    model.putNull("dropout").putNull("unk_token");
    ObjectNode vocab = model.putObject("vocab");
    vocab.put("<unk>", 0).put("<s>", BOS).put("</s>", EOS);
    for (int b = 0; b < 256; b++) {
      vocab.put(letter(b), FIRST_BYTE + b);
    }
    ArrayNode list = model.putArray("merges");
    int next = FIRST_MERGE;
    for (String merge : merges) {
      String[] parts = merge.split("\\|");
      list.addArray().add(letters(parts[0])).add(letters(parts[1]));
      vocab.put(letters(parts[0]) + letters(parts[1]), next++);
    }
    return Files.writeString(file, mapper.writeValueAsString(root));
  }

  private static void postProcessor(ObjectNode root, boolean bos, boolean eos) {
    ObjectNode processor = root.putObject("post_processor").put("type", "TemplateProcessing");
    ArrayNode single = processor.putArray("single");
    ObjectNode tokens = processor.putObject("special_tokens");
    if (bos) {
      special(single, tokens, "<s>", BOS);
    }
    single.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
    if (eos) {
      special(single, tokens, "</s>", EOS);
    }
    ArrayNode pair = processor.putArray("pair");
    pair.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
    pair.addObject().putObject("Sequence").put("id", "B").put("type_id", 1);
  }

  private static void special(ArrayNode single, ObjectNode tokens, String content, int id) {
    single.addObject().putObject("SpecialToken").put("id", content).put("type_id", 0);
    ObjectNode token = tokens.putObject(content).put("id", content);
    token.putArray("ids").add(id);
    token.putArray("tokens").add(content);
  }

  private static String letters(String text) {
    StringBuilder letters = new StringBuilder();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      letters.append(letter(b & 0xff));
    }
    return letters.toString();
  }

  /** The letter that stands for a byte in byte-level vocabularies. */
  private static String letter(int b) {
    int shifted = 256;
    for (int other = 0; other <= b; other++) {
      boolean printable =
          other >= 33 && other <= 126 || other >= 161 && other <= 172 || other >= 174;
      if (other == b) {
        return String.valueOf((char) (printable ? b : shifted));
      }
      shifted += printable ? 0 : 1;
    }
    throw new IllegalArgumentException("no byte: " + b);
  }
}
