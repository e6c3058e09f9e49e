// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.coppice.data.InputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** JSON files: one value each, UTF-8, no name twice in an object. */
public final class JsonFile {
  /** The largest file that is read: 256 MiB, above any tokenizer's. */
  static final int MAX_BYTES = 256 << 20;

  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private JsonFile() {}

  /**
   * The value in a file.
   *
   * @throws InputException with the line of what is not JSON
   */
  public static JsonNode read(Path file) {
    String text = InputFile.text(file, MAX_BYTES);
    if (text.isBlank()) {
      throw InputException.of(file.toString(), "is empty", "write JSON");
    }
    try {
      return parse(text);
    } catch (JsonProcessingException failure) {
      long line =
          failure.getLocation() == null ? 1 : Math.max(1, failure.getLocation().getLineNr());
      throw InputException.at(file.toString(), line, reason(failure), "correct the JSON");
    }
  }

  /** The value in a text, by the same rules. */
  static JsonNode parse(String text) throws JsonProcessingException {
    return MAPPER.readTree(text);
  }

  /** What is wrong, in one line and without the parser's own view of the place. */
  static String reason(JsonProcessingException failure) {
    return "is not valid JSON (" + Shown.sentence(failure.getOriginalMessage()) + ")";
  }

  /**
   * Replaces a file by a value, indented, with a line break at the end.
   *
   * @param value a {@link JsonNode}, map, list, record or number, as Jackson writes them
   * @throws IOException if writing fails; the file is then as before
   */
  public static void write(Path file, Object value) throws IOException {
    ObjectWriter writer = MAPPER.writerWithDefaultPrettyPrinter();
    byte[] bytes = (writer.writeValueAsString(value) + "\n").getBytes(StandardCharsets.UTF_8);
    AtomicFile.write(file, stream -> stream.write(bytes));
  }
}
