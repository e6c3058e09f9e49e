// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.data.AlpacaRecord;
import dev.coppice.data.InputException;
import dev.coppice.data.LlmSample;
import dev.coppice.data.TokenSample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SamplesFileTest {
  @TempDir Path folder;

  @Test
  void readsRecordsAndTokens() throws IOException {
    List<LlmSample> samples =
        SamplesFile.read(
            file(
                "{'instruction': 'Do', 'input': 'ü', 'output': '😀', 'id': 7}~"
                    + "{'instruction': 'Do', 'output': ''}~"
                    + "{'instruction': 'Do', 'input': null, 'output': 'x'}~"
                    + "{'input_ids': [1, 5, 2], 'labels': [-100, 5, -100]}~"
                    + "{'input_ids': [1, 5, 2]}~{'input_ids': []}"));
    assertEquals(6, samples.size());
    assertEquals(new AlpacaRecord("Do", "ü", "😀"), samples.get(0));
    assertEquals(new AlpacaRecord("Do", "", ""), samples.get(1));
    assertEquals(new AlpacaRecord("Do", "", "x"), samples.get(2));
    TokenSample labelled = (TokenSample) samples.get(3);
    assertEquals(3, labelled.sample());
    assertArrayEquals(new int[] {1, 5, 2}, labelled.inputIds());
    assertArrayEquals(new boolean[] {false, true, false}, labelled.scored());
    assertEquals(1, labelled.targets());
    assertEquals(2, ((TokenSample) samples.get(4)).targets());
    assertEquals(0, ((TokenSample) samples.get(5)).targets());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "`` | 0 | is empty",
        "{'input_ids': [1]}~{'input_ids': [1] | 2 | is not valid JSON",
        "{'input_ids': [1]}~~ | 2 | is no JSON object",
        "[1] | 1 | is no JSON object",
        "{'instruction': 'x'} | 1 | neither input_ids nor output",
        "{'input_ids': [1], 'output': 'x'} | 1 | both input_ids and output",
        "{'output': 'x'} | 1 | has no text \"instruction\"",
        "{'instruction': 'x', 'output': 3} | 1 | has no text \"output\"",
        "{'instruction': 'x', 'input': 3, 'output': 'x'} | 1 | has no text \"input\"",
        "{'instruction': '\\ud83d', 'output': 'x'} | 1 | half a surrogate pair",
        "{'input_ids': 3} | 1 | \"input_ids\" is no array",
        "{'input_ids': [1, -1]} | 1 | holds \"-1\" at index 1",
        "{'input_ids': [-100]} | 1 | holds \"-100\" at index 0",
        "{'input_ids': [1, 2.0]} | 1 | holds \"2.0\" at index 1",
        "{'input_ids': [1, 2147483648]} | 1 | holds \"2147483648\"",
        "{'input_ids': [1], 'labels': [1, 2]} | 1 | 2 labels for 1 input_ids",
        "{'input_ids': [1, 2], 'labels': [1, 3]} | 1 | label 3 at index 1, where the token is 2",
        "{'input_ids': [1], 'labels': [-99]} | 1 | holds \"-99\"",
        "{'input_ids': [1], 'input_ids': [2]} | 1 | Duplicate field",
      })
  void namesTheLineThatIsWrong(String contents, int line, String part) throws IOException {
    Path file = file(contents);
    assertRefused(file, line, part, () -> SamplesFile.read(file));
  }

  @Test
  void refusesALineOfTenMegabytes() throws IOException {
    Path file = file("{'input_ids': [1]}~{'input_ids': [" + "1,".repeat(5 << 20) + "1]}~");
    assertRefused(file, 2, "longer than the maximum", () -> SamplesFile.read(file));
  }

  @Test
  void namesTheSampleWithATokenThatTheModelLacks() throws IOException {
    Path file = file("{'instruction': 'x', 'output': 'y'}~{'input_ids': [1, 511, 512]}~");
    List<LlmSample> samples = SamplesFile.read(file);
    SamplesFile.requireVocabulary(file, samples, 513);
    assertRefused(
        file,
        2,
        "token 512 in a model of 512 tokens",
        () -> SamplesFile.requireVocabulary(file, samples, 512));
  }

  private Path file(String contents) throws IOException {
    return Files.writeString(
        folder.resolve("samples.jsonl"), contents.replace('\'', '"').replace('~', '\n'));
  }

  private static void assertRefused(Path file, int line, String part, Runnable action) {
    String message = assertThrows(InputException.class, action::run).getMessage();
    assertTrue(message.startsWith(file + (line == 0 ? ": " : ":" + line + ": ")), message);
    assertTrue(message.contains(part), message);
  }
}
