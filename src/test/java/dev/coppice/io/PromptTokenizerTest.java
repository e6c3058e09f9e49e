// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.coppice.SharedData;
import dev.coppice.data.AlpacaRecord;
import dev.coppice.data.ConfigException;
import dev.coppice.data.Dataset;
import dev.coppice.data.InputException;
import dev.coppice.data.Loss;
import dev.coppice.data.Prompt;
import dev.coppice.data.PromptText;
import dev.coppice.data.Scores;
import dev.coppice.data.Sequences;
import dev.coppice.data.SmallDataset;
import dev.coppice.data.TokenSample;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PromptTokenizerTest {
  private static final AlpacaRecord RECORD = new AlpacaRecord("Dö 😀", "Had é", "Ab😀");

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"true,false", "true,true", "false,false", "false,true"})
  void putsEosLastOnceAndBosAsThePostProcessorDoes(boolean bos, boolean eos) throws IOException {
    Path file = SmallTokenizer.write(folder.resolve("tokenizer.json"), bos, eos);
    try (PromptTokenizer tokenizer = PromptTokenizer.open(file, SmallTokenizer.EOS)) {
      TokenSample sample = tokenizer.tokenize(RECORD, 17, 10_000, Loss.ALL);
      assertEquals(17, sample.sample());
      assertArrayEquals(ids(RECORD, bos), sample.inputIds());
      assertEquals(sample.length() - 1, sample.targets());
    }
  }

  @Test
  void cutsAtTheEndWithoutEos() throws IOException {
    for (boolean eos : new boolean[] {false, true}) {
      Path file = SmallTokenizer.write(folder.resolve("tokenizer.json"), true, eos);
      try (PromptTokenizer tokenizer = PromptTokenizer.open(file, SmallTokenizer.EOS)) {
        int[] whole = ids(RECORD, true);
        for (int cutoff = 2; cutoff <= whole.length + 1; cutoff++) {
          int[] expected = Arrays.copyOf(whole, Math.min(cutoff, whole.length));
          TokenSample sample = tokenizer.tokenize(RECORD, 0, cutoff, Loss.ALL);
          assertArrayEquals(expected, sample.inputIds());
        }
      }
    }
  }

  @Test
  void responseLossScoresTheResponseAndEos() throws IOException {
    for (boolean eos : new boolean[] {false, true}) {
      Path file = SmallTokenizer.write(folder.resolve("tokenizer.json"), true, eos);
      try (PromptTokenizer tokenizer = PromptTokenizer.open(file, SmallTokenizer.EOS)) {
        TokenSample sample = tokenizer.tokenize(RECORD, 0, 10_000, Loss.RESPONSE);
        int responseTokens = 1 + 1 + 4 + 1; // A, b, four bytes, EOS
        for (int t = 0; t < sample.length(); t++) {
          assertEquals(t >= sample.length() - responseTokens, sample.scored()[t], "token " + t);
        }
        int cutoff = sample.length() - 4; // keeps A and b and one byte
        TokenSample cut = tokenizer.tokenize(RECORD, 0, cutoff, Loss.RESPONSE);
        assertEquals(3, cut.targets());
        assertTrue(cut.scored()[cutoff - 1]);
        assertEquals(0, tokenizer.tokenize(RECORD, 0, 20, Loss.RESPONSE).targets());
      }
    }
  }

  @Test
  void aTokenAcrossTheEdgeOfTheResponseIsScored() throws IOException {
    Path file =
        SmallTokenizer.write(folder.resolve("tokenizer.json"), true, false, ":|\n", ":\n|A");
    try (PromptTokenizer tokenizer = PromptTokenizer.open(file, SmallTokenizer.EOS)) {
      TokenSample sample = tokenizer.tokenize(RECORD, 0, 10_000, Loss.RESPONSE);
      int edge = sample.length() - 7;
      assertEquals(SmallTokenizer.FIRST_MERGE + 1, sample.inputIds()[edge]);
      assertTrue(sample.scored()[edge]);
      assertFalse(sample.scored()[edge - 1]);
      assertEquals(7, sample.targets());
    }
  }

  /** The definition, one title at a time, against the search; merges cross the titles' edges. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void keepsAsManyTitlesAsTheDefinition(boolean merges) throws IOException {
    String[] list = {"e|;", ";| ", "e;| ", " |t", "e; |t", "a|b", "ab|c"};
    Path file =
        SmallTokenizer.write(
            folder.resolve("tokenizer.json"), true, false, merges ? list : new String[0]);
    Dataset dataset = titled(20);
    try (PromptTokenizer tokenizer = PromptTokenizer.open(file, SmallTokenizer.EOS)) {
      for (int sample = 0; sample < dataset.samples(); sample++) {
        for (int cutoff : new int[] {200, 345, 346, 347, 400, 700}) {
          TokenSample expected = byDefinition(tokenizer, dataset, sample, cutoff);
          TokenSample found = tokenizer.tokenize(dataset, sample, cutoff, Loss.ALL);
          assertArrayEquals(expected.inputIds(), found.inputIds(), sample + " at " + cutoff);
        }
      }
    }
  }

  @Test
  void oneTokenizerServesSeveralDataSets() throws IOException {
    Path file = SmallTokenizer.write(folder.resolve("tokenizer.json"), true, false);
    Dataset large = titled(20);
    Dataset small = SmallDataset.random(20, 5, 90, 3);
    try (PromptTokenizer tokenizer = PromptTokenizer.open(file, SmallTokenizer.EOS)) {
      for (Dataset dataset : List.of(small, large, small)) {
        int sample = 19;
        while (dataset.train().length(sample) < 30) {
          sample--;
        }
        TokenSample expected = byDefinition(tokenizer, dataset, sample, 512);
        TokenSample found = tokenizer.tokenize(dataset, sample, 512, Loss.ALL);
        assertArrayEquals(expected.inputIds(), found.inputIds());
      }
    }
  }

  private static TokenSample byDefinition(
      PromptTokenizer tokenizer, Dataset dataset, int sample, int cutoff) {
    int titles = dataset.train().length(sample) - 1;
    while (true) {
      AlpacaRecord record = PromptText.record(dataset, sample, titles);
      TokenSample whole = tokenizer.tokenize(record, sample, 1 << 20, Loss.ALL);
      if (whole.length() <= cutoff || titles == 1) {
        return tokenizer.tokenize(record, sample, cutoff, Loss.ALL);
      }
      titles--;
    }
  }

  private static Dataset titled(int users) {
    Random random = new Random(8);
    String[] titles = new String[41];
    for (int item = 1; item < titles.length; item++) {
      StringBuilder title = new StringBuilder("t");
      for (int i = random.nextInt(30); i > 0; i--) {
        title.append("abce ;tü😀".charAt(random.nextInt(7)));
      }
      titles[item] = title + (item % 2 == 0 ? "e" : "x");
    }
    titles[7] = "t".repeat(600); // does not fit alone
    Dataset plain = SmallDataset.random(users, 40, 60, 12);
    int[][] rows = new int[users][];
    for (int row = 0; row < users; row++) {
      int start = plain.train().start(row);
      rows[row] = Arrays.copyOfRange(plain.train().items(), start, plain.train().start(row + 1));
      rows[row] = rows[row].length < 2 ? new int[] {7, 1 + row % 40} : rows[row];
    }
    Sequences train = SmallDataset.rows(rows);
    Prompt prompt = new Prompt("Go", "Had {history}.", "; ", false);
    return new Dataset(
        plain.users(), train, plain.valid(), plain.test(), titles, prompt, Optional.empty());
  }

  @Test
  void threadsDoNotChangeTheResult() throws IOException {
    Path file = SmallTokenizer.write(folder.resolve("tokenizer.json"), true, false, "a|b");
    Dataset dataset = titled(300);
    int[] samples = new int[300];
    Arrays.setAll(samples, i -> 299 - i);
    try (PromptTokenizer tokenizer = PromptTokenizer.open(file, SmallTokenizer.EOS)) {
      List<TokenSample> one = tokenizer.tokenize(dataset, samples, 400, Loss.RESPONSE, 1);
      List<TokenSample> four = tokenizer.tokenize(dataset, samples, 400, Loss.RESPONSE, 4);
      for (int i = 0; i < samples.length; i++) {
        assertEquals(samples[i], four.get(i).sample());
        assertArrayEquals(one.get(i).inputIds(), four.get(i).inputIds());
        assertArrayEquals(one.get(i).scored(), four.get(i).scored());
      }
    }
  }

  @Test
  void aFailureInAThreadIsTheCallersFailure() throws IOException {
    Path file = SmallTokenizer.write(folder.resolve("tokenizer.json"), true, false);
    Dataset dataset =
        SmallDataset.of(
            3,
            SmallDataset.rows(new int[] {1, 2}, new int[] {3}),
            new Sequences(new int[3], new int[0]),
            new Sequences(new int[3], new int[0]),
            null);
    try (PromptTokenizer tokenizer = PromptTokenizer.open(file, SmallTokenizer.EOS)) {
      for (int threads = 1; threads <= 3; threads++) {
        int count = threads;
        assertThrows(
            IllegalArgumentException.class,
            () -> tokenizer.tokenize(dataset, new int[] {0, 1}, 500, Loss.ALL, count));
      }
      assertThrows(ConfigException.class, () -> tokenizer.tokenize(dataset, 0, 1, Loss.ALL));
    }
  }

  @Test
  void takesTheFirstOfSeveralEosIdsOfAModel() throws IOException {
    SmallTokenizer.write(folder.resolve("tokenizer.json"), true, false);
    for (String eos : new String[] {"2", "[2, 5]"}) {
      Files.writeString(folder.resolve("config.json"), "{\"eos_token_id\": " + eos + "}");
      try (PromptTokenizer tokenizer = PromptTokenizer.openModel(folder)) {
        int[] ids = tokenizer.tokenize(RECORD, 0, 10_000, Loss.ALL).inputIds();
        assertEquals(2, ids[ids.length - 1]);
      }
    }
    for (String eos : new String[] {"null", "[]", "-1", "1.5", "\"2\""}) {
      Files.writeString(folder.resolve("config.json"), "{\"eos_token_id\": " + eos + "}");
      assertRefused(folder.resolve("config.json") + ": has no eos_token_id");
    }
    Files.delete(folder.resolve("config.json"));
    assertRefused(folder.resolve("config.json") + ": there is no such file");
  }

  @Test
  void refusesAFileThatIsNoTokenizer() throws IOException {
    Files.writeString(folder.resolve("config.json"), "{\"eos_token_id\": 2}");
    Path file = folder.resolve("tokenizer.json");
    assertRefused(file + ": there is no such file");
    Files.writeString(file, "{\n\"version\": \"1.0\",,");
    assertRefused(file + ":2: is not valid JSON");
    Files.writeString(file, "{\"version\": \"1.0\"}");
    assertRefused(file + ": is no tokenizer that can be loaded");
  }

  /** The library would abort the program. */
  @Test
  void refusesATemplateThatUsesWhatItDoesNotDefine() throws IOException {
    Files.writeString(folder.resolve("config.json"), "{\"eos_token_id\": 2}");
    Path file = SmallTokenizer.write(folder.resolve("tokenizer.json"), true, false);
    String sound = Files.readString(file);
    String template = "{\"type\":\"Sequence\",\"processors\":[{\"type\":\"TemplateProcessing\"";
    String undefined =
        sound.replace("{\"SpecialToken\":{\"id\":\"<s>\"", "{\"SpecialToken\":{\"id\":\"x\"");
    Files.writeString(file, undefined);
    assertRefused(file + ": post_processor uses the token \"x\" without defining it");
    Files.writeString(
        file,
        undefined
            .replace("{\"type\":\"TemplateProcessing\"", template)
            .replace(",\"decoder\":null", "]},\"decoder\":null"));
    assertRefused(file + ": post_processor uses the token \"x\" without defining it");
    Files.writeString(
        file, sound.replaceFirst("\\{\"Sequence\":\\{\"id\":\"A\"", "{\"Sequence\":{\"id\":\"B\""));
    assertRefused(file + ": post_processor puts a second text into the template for one");
  }

  private void assertRefused(String start) {
    InputException refused =
        assertThrows(InputException.class, () -> PromptTokenizer.openModel(folder));
    assertTrue(refused.getMessage().startsWith(start), refused.getMessage());
  }

  @Test
  void agreesWithTheGoldenTokenCounts() {
    assumeTrue(SharedData.root().isPresent(), "no shared data");
    Path shared = SharedData.root().get();
    Path model = shared.resolve("golden/tiny-llama");
    Dataset dataset = DataFolder.read(shared.resolve("data/games"));
    Scores golden = ScoreCsv.read(model.resolve("expected_games_first40.csv"));
    try (PromptTokenizer tokenizer = PromptTokenizer.openModel(model)) {
      List<TokenSample> samples = tokenizer.tokenize(dataset, golden.samples(), 512, Loss.ALL, 2);
      assertEquals(40, samples.size());
      for (int row = 0; row < 40; row++) {
        assertEquals(golden.column("tokens")[row], samples.get(row).length(), "row " + row);
      }
    }
  }

  /** BOS, a token a byte, EOS: what a tokenizer without merges makes of a record. */
  private static int[] ids(AlpacaRecord record, boolean bos) {
    byte[] bytes = PromptText.render(record).getBytes(StandardCharsets.UTF_8);
    int before = bos ? 1 : 0;
    int[] ids = new int[before + bytes.length + 1];
    for (int i = 0; i < bytes.length; i++) {
      ids[before + i] = SmallTokenizer.FIRST_BYTE + (bytes[i] & 0xff);
    }
    if (bos) {
      ids[0] = SmallTokenizer.BOS;
    }
    ids[ids.length - 1] = SmallTokenizer.EOS;
    return ids;
  }
}
