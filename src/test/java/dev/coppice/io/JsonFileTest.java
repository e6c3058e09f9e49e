// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coppice.data.InputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonFileTest {
  @TempDir Path folder;

  @Test
  void readsBackWhatItWrites() throws IOException {
    Path file = folder.resolve("a.json");
    Map<String, Object> value = new LinkedHashMap<>();
    value.put("z", "ü\n");
    value.put("a", new double[] {0.1, -3});
    JsonFile.write(file, value);
    assertEquals("{\n  \"z\" : \"ü\\n\",\n  \"a\" : [ 0.1, -3.0 ]\n}\n", Files.readString(file));
    JsonNode read = JsonFile.read(file);
    assertEquals("ü\n", read.get("z").textValue());
    assertEquals(0.1, read.get("a").get(0).doubleValue());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"a\": 1,~\"a\": 2} | 2 | Duplicate field",
        "{\"a\": 1}~~{} | 3 | Trailing token",
        "{\"a\": ~~ | 3 | end-of-input",
        "{~'a': 1} | 2 | Unexpected character",
        "[1,~NaN] | 2 | NaN",
        "~ | 0 | is empty",
      })
  void namesTheLineThatIsNotJson(String contents, int line, String part) throws IOException {
    Path file = Files.writeString(folder.resolve("a.json"), contents.replace('~', '\n'));
    String message = assertThrows(InputException.class, () -> JsonFile.read(file)).getMessage();
    assertTrue(message.startsWith(file + (line == 0 ? ": " : ":" + line + ": ")), message);
    assertTrue(message.contains(part), message);
    assertEquals(1, message.lines().count(), message);
  }

  @Test
  void namesTheLineThatIsNotUtf8() throws IOException {
    Path file = folder.resolve("a.json");
    Files.write(file, "{\n\n\"a\": \"\u00ff\"}".getBytes(StandardCharsets.ISO_8859_1));
    String message = assertThrows(InputException.class, () -> JsonFile.read(file)).getMessage();
    assertTrue(message.startsWith(file + ":3: is not valid UTF-8"), message);
  }

  @Test
  void refusesNestingThatWouldExhaustTheStack() throws IOException {
    Path file = Files.writeString(folder.resolve("a.json"), "[".repeat(100_000));
    String message = assertThrows(InputException.class, () -> JsonFile.read(file)).getMessage();
    assertTrue(message.startsWith(file + ":1: "), message);
  }
}
