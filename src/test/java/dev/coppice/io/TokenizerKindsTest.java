// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.data.AlpacaRecord;
import dev.coppice.data.InputException;
import dev.coppice.data.Loss;
import dev.coppice.data.TokenSample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Small tokenizers of each kind, with ids worked out by hand; and where BOS and EOS come from. */
class TokenizerKindsTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final AlpacaRecord RECORD = new AlpacaRecord("a", "ab", "abc é");
  private static final String SPACE = "\u2581"; // what SentencePiece writes for a space
  private static final int FIRST_BYTE = 3;
  private static final int FIRST_PIECE = FIRST_BYTE + 256;

  @TempDir Path folder;

  /** 0 is unknown, 1 BOS, 2 EOS; the post-processor puts BOS. */
  private static ObjectNode tokenizer() {
    ObjectNode root = MAPPER.createObjectNode().put("version", "1.0");
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
    root.putNull("normalizer").putNull("pre_tokenizer").putNull("decoder");
    ObjectNode processor = root.putObject("post_processor").put("type", "TemplateProcessing");
    ArrayNode single = processor.putArray("single");
    single.addObject().putObject("SpecialToken").put("id", "<s>").put("type_id", 0);
    single.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
    processor.putArray("pair").addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
    ObjectNode bos = processor.putObject("special_tokens").putObject("<s>").put("id", "<s>");
    bos.putArray("ids").add(1);
    bos.putArray("tokens").add("<s>");
    return root;
  }

  private static String byteName(int b) {
    return String.format("<0x%02X>", b);
  }

  /** Pieces that merges make: 3 letters and a space, then a space with a, with ab, and bc. */
  private static void sentencePieceModel(ObjectNode root) {
    ObjectNode model = root.putObject("model").put("type", "BPE").put("unk_token", "<unk>");
    model.put("byte_fallback", true).put("fuse_unk", true).putNull("dropout");
    ObjectNode vocab = model.putObject("vocab").put("<unk>", 0).put("<s>", 1).put("</s>", 2);
    for (int b = 0; b < 256; b++) {
      vocab.put(byteName(b), FIRST_BYTE + b);
    }
    String[] pieces = {SPACE, "a", "b", "c", SPACE + "a", SPACE + "ab", "bc"};
    for (int i = 0; i < pieces.length; i++) {
      vocab.put(pieces[i], FIRST_PIECE + i);
    }
    ArrayNode merges = model.putArray("merges");
    merges.addArray().add(SPACE).add("a");
    merges.addArray().add(SPACE + "a").add("b");
    merges.addArray().add("b").add("c");
  }

  private static void normalizer(ObjectNode root) {
    ObjectNode sequence = root.putObject("normalizer").put("type", "Sequence");
    ArrayNode steps = sequence.putArray("normalizers");
    steps.addObject().put("type", "Prepend").put("prepend", SPACE);
    steps
        .addObject()
        .put("type", "Replace")
        .put("content", SPACE)
        .putObject("pattern")
        .put("String", " ");
  }

  private static void metaspace(ObjectNode root, String scheme, boolean split) {
    root.putObject("pre_tokenizer")
        .put("type", "Metaspace")
        .put("replacement", SPACE)
        .put("prepend_scheme", scheme)
        .put("split", split);
  }

  private PromptTokenizer open(ObjectNode root, String config, String ownConfig)
      throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), MAPPER.writeValueAsString(root));
    Files.writeString(folder.resolve("config.json"), config);
    if (ownConfig != null) {
      Files.writeString(folder.resolve("tokenizer_config.json"), ownConfig);
    }
    return PromptTokenizer.openModel(folder);
  }

  private TokenEncoder.Encoded encode(ObjectNode root, String text) throws IOException {
    Path file = folder.resolve("tokenizer.json");
    Files.writeString(file, MAPPER.writeValueAsString(root));
    try (TokenEncoder encoder = new TokenEncoder(file, JsonFile.read(file), Optional.empty())) {
      return encoder.encode(text, true, true);
    }
  }

  /** As LLaMA 2 has it, by a normalizer, and as newer files have it, by Metaspace. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void sentencePieceMergesAndFallsBackToBytes(boolean newer) throws IOException {
    ObjectNode root = tokenizer();
    sentencePieceModel(root);
    if (newer) {
      metaspace(root, "first", false);
    } else {
      normalizer(root);
    }
    TokenEncoder.Encoded encoded = encode(root, "abc a \u00e9\n");
    int[] expected = {
      1,
      FIRST_PIECE + 5,
      FIRST_PIECE + 3,
      FIRST_PIECE + 4,
      FIRST_PIECE,
      FIRST_BYTE + 0xc3,
      FIRST_BYTE + 0xa9,
      FIRST_BYTE + 10
    };
    assertArrayEquals(expected, encoded.ids());
    assertArrayEquals(new int[] {-1, 2, 3, 5, 6, 7, 7, 8}, encoded.ends());
  }

  /** Unigram takes the likeliest pieces, not the longest: "a" and "bc" before "ab" and "c". */
  @Test
  void unigramTakesTheLikeliestPieces() throws IOException {
    ObjectNode root = tokenizer();
    metaspace(root, "always", true);
    ObjectNode model = root.putObject("model").put("type", "Unigram").put("unk_id", 0);
    model.put("byte_fallback", true);
    ArrayNode vocab = model.putArray("vocab");
    String[] pieces = {"<unk>", "<s>", "</s>", SPACE + "a", SPACE + "ab", "bc", "c", SPACE, "a"};
    double[] scores = {0, 0, 0, -1, -4, -2.5, -2, -3, -3};
    for (int i = 0; i < pieces.length; i++) {
      vocab.addArray().add(pieces[i]).add(scores[i]);
    }
    for (int b = 0; b < 256; b++) {
      vocab.addArray().add(byteName(b)).add(-20.0);
    }
    TokenEncoder.Encoded encoded = encode(root, "abc a\u00e9");
    int[] expected = {1, 3, 5, 3, pieces.length + 0xc3, pieces.length + 0xa9};
    assertArrayEquals(expected, encoded.ids());
    assertArrayEquals(new int[] {-1, 1, 3, 5, 6, 6}, encoded.ends());
  }

  @Test
  void wordsOfPlainBpeAreMergedWithinThemselves() throws IOException {
    ObjectNode root = tokenizer();
    root.putObject("pre_tokenizer").put("type", "Whitespace");
    ObjectNode model = root.putObject("model").put("type", "BPE").put("unk_token", "<unk>");
    ObjectNode vocab = model.putObject("vocab").put("<unk>", 0).put("<s>", 1).put("</s>", 2);
    vocab.put("a", 3).put("b", 4).put("ab", 5);
    model.putArray("merges").addArray().add("a").add("b");
    TokenEncoder.Encoded encoded = encode(root, "ab a b \u00e9");
    assertArrayEquals(new int[] {1, 5, 3, 4, 0}, encoded.ids());
    assertArrayEquals(new int[] {-1, 2, 4, 6, 8}, encoded.ends());
  }

  /** The response is "abc e-acute": ab, c, a space, two bytes; then EOS. */
  @Test
  void responseOfASentencePieceTokenizerIsScored() throws IOException {
    ObjectNode root = tokenizer();
    sentencePieceModel(root);
    normalizer(root);
    try (PromptTokenizer tokenizer = open(root, "{\"eos_token_id\": [2, 7]}", null)) {
      TokenSample sample = tokenizer.tokenize(RECORD, 0, 10_000, Loss.RESPONSE);
      int[] ids = sample.inputIds();
      assertEquals(1, ids[0]);
      assertEquals(2, ids[ids.length - 1]);
      assertEquals(FIRST_BYTE + 0xa9, ids[ids.length - 2]);
      assertEquals(FIRST_PIECE + 1, ids[ids.length - 6]); // a, behind a line break
      assertEquals(6, sample.targets());
    }
  }

  @ParameterizedTest(name = "post-processor {0}, add_bos_token {1}: {2}")
  @CsvSource({
    "true,null,true",
    "false,null,false",
    "true,true,true",
    "false,true,true",
    "true,false,false",
    "false,false,false"
  })
  void addBosTokenOverridesThePostProcessor(boolean puts, String adds, boolean expected)
      throws IOException {
    String config = "{\"eos_token_id\": 2}";
    String own =
        "{\"add_bos_token\": " + adds + ", \"add_eos_token\": false, \"bos_token\": \"<s>\"}";
    SmallTokenizer.write(folder.resolve("tokenizer.json"), puts, false);
    ObjectNode root = (ObjectNode) MAPPER.readTree(folder.resolve("tokenizer.json").toFile());
    for (Loss loss : Loss.values()) {
      try (PromptTokenizer tokenizer = open(root, config, own)) {
        TokenSample sample = tokenizer.tokenize(RECORD, 0, 10_000, loss);
        int[] ids = sample.inputIds();
        assertEquals(expected, ids[0] == SmallTokenizer.BOS);
        assertTrue(ids[1] != SmallTokenizer.BOS);
        assertEquals(SmallTokenizer.EOS, ids[ids.length - 1]); // whatever add_eos_token says
        int scored = loss == Loss.ALL ? ids.length - 1 : "abc \u00e9".length() + 1 + 1;
        assertEquals(scored, sample.targets());
      }
    }
  }

  @Test
  void bosAndEosAreFoundByNameOrByNumber() throws IOException {
    SmallTokenizer.write(folder.resolve("tokenizer.json"), false, false);
    ObjectNode root = (ObjectNode) MAPPER.readTree(folder.resolve("tokenizer.json").toFile());
    String named = "{\"add_bos_token\": true, \"bos_token\": {\"content\": \"<s>\"}, %s}";
    String eos = "\"eos_token\": \"</s>\"";
    try (PromptTokenizer tokenizer = open(root, "{}", String.format(named, eos))) {
      int[] ids = tokenizer.tokenize(RECORD, 0, 10_000, Loss.ALL).inputIds();
      assertEquals(SmallTokenizer.BOS, ids[0]);
      assertEquals(SmallTokenizer.EOS, ids[ids.length - 1]);
    }
    String numbers = "{\"eos_token_id\": 2, \"bos_token_id\": 1}";
    try (PromptTokenizer tokenizer = open(root, numbers, "{\"add_bos_token\": true}")) {
      assertEquals(1, tokenizer.tokenize(RECORD, 0, 10_000, Loss.ALL).inputIds()[0]);
    }
    String ownFile = folder.resolve("tokenizer_config.json").toString();
    assertRefused(root, "{\"eos_token_id\": 2}", "{\"add_bos_token\": true}", ownFile + ": asks");
    assertRefused(
        root,
        "{\"eos_token_id\": 2}",
        "{\"add_bos_token\": 1}",
        ownFile + ": field add_bos_token is 1; it must be true or false");
    String model = folder.resolve("config.json").toString();
    assertRefused(root, "{}", "{\"eos_token\": \"<end>\"}", model + ": has no eos_token_id");
  }

  private void assertRefused(ObjectNode root, String config, String own, String start) {
    InputException refused = assertThrows(InputException.class, () -> open(root, config, own));
    assertTrue(refused.getMessage().startsWith(start), refused.getMessage());
  }

  @Test
  void aSentencePieceModelAloneIsToBeConverted() throws IOException {
    Files.writeString(folder.resolve("config.json"), "{\"eos_token_id\": 2}");
    Files.writeString(folder.resolve("tokenizer.model"), "x");
    InputException refused =
        assertThrows(InputException.class, () -> PromptTokenizer.openModel(folder));
    String start = folder.resolve("tokenizer.json") + ": there is no such file, only tokenizer.mod";
    assertTrue(refused.getMessage().startsWith(start), refused.getMessage());
  }
}
