// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.data.InputException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every way to break a data folder gives an error that names file and line, and a remedy. */
class BadDataFolderTest {
  @TempDir Path folder;

  @BeforeEach
  void makeFolder() throws IOException {
    SmallFolder.write(folder);
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        // file | contents, ~ a line break, > a tab, ' a quote | line, 0 for none | part of the
        // message
        "train.txt | u1 1 x 3~7 5~ü 4 1~ | 1 | \"x\" is not an item id",
        "train.txt | u1 1 2 3~7 5.0~ü 4 1~ | 2 | \"5.0\" is not an item id",
        "train.txt | u1 1 2 3~7 -5~ü 4 1~ | 2 | \"-5\" is not an item id",
        "train.txt | u1 1 2 3~7 99999999999999999999~ü 4 1~ | 2 | is not an item id",
        "train.txt | u1 1 2 3~7 5~ü 0 1~ | 3 | item 0 is not in items.tsv, whose ids are 1 to 5",
        "train.txt | u1 1 2 3~7 6~ü 4 1~ | 2 | item 6 is not in items.tsv",
        "train.txt | u1 1 2 3~7 4294967297~ü 4 1~ | 2 | item 4294967297 is not in items.tsv",
        "train.txt | u1 1 2 3~7~ü 4 1~ | 2 | user \"7\" has no items",
        "train.txt | u1 1 2 3~7 5~u1 4 1~ | 3 | user \"u1\" again, first on line 1",
        "train.txt | u1 1 2 3~~ü 4 1~ | 2 | the line is empty",
        "train.txt | `` | 0 | is empty",
        "valid.txt | `` | 0 | is empty",
        "valid.txt | u1 4~ü 2 3~7~ | 2 | user \"ü\" where train.txt has \"7\"",
        "valid.txt | u1 4~7~ | 2 | train.txt has 3 lines",
        "valid.txt | u1 4~7~ü 2~8 1~ | 4 | beyond the 3 lines of train.txt",
        "test.txt | u1~7 1 two~ü~ | 2 | \"two\" is not an item id",
        "test.txt | u1~7 1 0~ü~ | 2 | item 0 is not in",
        "items.tsv | `` | 0 | is empty",
        "items.tsv | 1>One~2>Two~3>Three~5>Five~ | 4 | so item 4 is missing",
        "items.tsv | 1>One~2>Two~3>Three~4>Four~ | train:2 | item 5 is not in items.tsv",
        "items.tsv | 1>One~2>Two~3>Three~4>Four~4>Five~ | 5 | item 4 again, first on line 4",
        "items.tsv | 1>One~2>Two~x>Three~4>Four~5>Five~ | 3 | \"x\" is not an item id",
        "items.tsv | 1>One~2>Two~0>Three~4>Four~5>Five~ | 3 | \"0\" is not an item id",
        "items.tsv | 1>One~2 Two~3>Three~4>Four~5>Five~ | 2 | not an id, one tab and a title",
        "items.tsv | 1>One~2>Tw>o~3>Three~4>Four~5>Five~ | 2 | not an id, one tab and a title",
        "items.tsv | 1>One~2> ~3>Three~4>Four~5>Five~ | 2 | item 2 has no title",
        "items.tsv | 1>One~~3>Three~4>Four~5>Five~ | 2 | not an id, one tab and a title",
        "items.tsv | 1>One~99999999999>Two~ | 2 | is not an item id",
        "negatives.txt | u1 4 5~7~ü 6~ | 3 | item 6 is not in items.tsv",
        "negatives.txt | u1 4~7~ü 2~ | 1 | 1 negatives for 2 transitions",
        "negatives.txt | u1 4 5~7 1~ü 2~ | 2 | 1 negatives for 0 transitions",
        "negatives.txt | 7~u1 4 5~ü 2~ | 1 | where train.txt has",
        "prompt.json | `` | 0 | is empty",
        "prompt.json | {~'instruction': | 2 | is not valid JSON",
        "prompt.json | {'input': '{history}', 'separator': '; '} | 0 | no text \"instruction\"",
        "prompt.json | {'instruction':1,'input':'{history}','separator':''} | 0 | no text",
        "prompt.json | {'instruction':'','input':'all','separator':''} | 0 | exactly once",
        "prompt.json | {'instruction':'\\ud83d','input':'{history}','separator':''} | 0 | surrogate",
        "prompt.json | [] | 0 | no text \"input\"",
      })
  void namesFileAndLine(String name, String contents, String line, String part) throws IOException {
    Files.writeString(
        folder.resolve(name), contents.replace('~', '\n').replace('>', '\t').replace('\'', '"'));
    String place =
        switch (line) {
          case "0" -> folder.resolve(name) + ": ";
          case "train:2" -> folder.resolve("train.txt") + ":2: ";
          default -> folder.resolve(name) + ":" + line + ": ";
        };
    assertRefused(place, part);
  }

  @ParameterizedTest
  @ValueSource(strings = {"train.txt", "valid.txt", "test.txt", "items.tsv"})
  void namesTheMissingFile(String name) throws IOException {
    Files.delete(folder.resolve(name));
    assertRefused(folder.resolve(name) + ": ", "there is no such file");
    Files.createDirectory(folder.resolve(name));
    assertRefused(folder.resolve(name) + ": ", "is a folder");
  }

  @Test
  void namesTheMissingFolder() {
    folder = folder.resolve("nowhere");
    assertRefused(folder + ": ", "there is no such folder");
  }

  @ParameterizedTest
  @ValueSource(strings = {"train.txt", "valid.txt", "test.txt", "items.tsv"})
  void namesTheLineThatIsNotUtf8(String name) throws IOException {
    byte[] bytes = Files.readAllBytes(folder.resolve(name));
    int second = new String(bytes, StandardCharsets.ISO_8859_1).indexOf('\n') + 1;
    bytes[second] = (byte) 0xff;
    Files.write(folder.resolve(name), bytes);
    assertRefused(folder.resolve(name) + ":2: ", "is not valid UTF-8");
  }

  @Test
  void namesTheByteOrderMark() throws IOException {
    Files.writeString(folder.resolve("train.txt"), "\uFEFFu1 1 2 3\n7 5\nü 4 1\n");
    assertRefused(folder.resolve("train.txt") + ":1: ", "byte order mark");
  }

  @ParameterizedTest
  @ValueSource(strings = {"train.txt", "valid.txt", "test.txt", "items.tsv"})
  void refusesALineOfTenMegabytes(String name) throws IOException {
    byte[] line = new byte[10 << 20];
    Arrays.fill(line, (byte) '1');
    try (OutputStream stream = Files.newOutputStream(folder.resolve(name))) {
      stream.write("u1 1 2\n".getBytes(StandardCharsets.UTF_8));
      stream.write(line);
    }
    if (name.equals("items.tsv")) {
      Files.writeString(folder.resolve(name), "1\tOne\n2\t" + "x".repeat(10 << 20) + "\n");
    } else if (!name.equals("train.txt")) {
      String first = name.equals("valid.txt") ? "u1 4\n" : "u1\n";
      Files.writeString(folder.resolve(name), first + "7" + " 1".repeat(5 << 20) + "\n");
    }
    assertRefused(folder.resolve(name) + ":2: ", "longer than the maximum of 4194304 bytes");
  }

  private void assertRefused(String place, String part) {
    String message = assertThrows(InputException.class, () -> DataFolder.read(folder)).getMessage();
    assertTrue(message.startsWith(place), message);
    assertTrue(message.contains(part), message);
    assertEquals(1, message.lines().count(), message);
    assertTrue(message.indexOf("; ", place.length()) > 0, "no remedy: " + message);
  }
}
