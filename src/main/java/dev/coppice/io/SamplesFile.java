// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.coppice.data.AlpacaRecord;
import dev.coppice.data.InputException;
import dev.coppice.data.LlmSample;
import dev.coppice.data.TokenSample;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A file of fine-tuning samples, a JSON object a line: {@code {"instruction", "input", "output"}}
 * with {@code input} optional, or {@code {"input_ids", "labels"}} with {@code labels} optional and
 * -100 for a token that is not scored. Other names in an object are passed over.
 */
public final class SamplesFile {
  private static final int NOT_SCORED = -100;
  private static final String REMEDY =
      "write {\"instruction\": ..., \"output\": ...} or {\"input_ids\": [...]}";

  private SamplesFile() {}

  /**
   * The samples of a file; a sample's id is its index, the 0-based line.
   *
   * @throws InputException naming the line of the first thing that is wrong
   */
  public static List<LlmSample> read(Path file) {
    List<LlmSample> samples = new ArrayList<>();
    try (LineReader lines = new LineReader(file)) {
      while (lines.next()) {
        JsonNode node = object(lines);
        boolean tokens = node.has("input_ids");
        if (tokens == node.has("output")) {
          throw lines.error(
              tokens ? "both input_ids and output" : "neither input_ids nor output", REMEDY);
        }
        samples.add(tokens ? tokens(lines, node, samples.size()) : record(lines, node));
      }
      if (samples.isEmpty()) {
        throw lines.fileError("is empty", REMEDY);
      }
    }
    return samples;
  }

  /**
   * Checks that a model knows all tokens of the samples that are tokenised already.
   *
   * @param file where {@code samples} were read
   * @param vocabulary number of tokens that the model knows
   * @throws InputException naming the line of the first sample with another token
   */
  public static void requireVocabulary(Path file, List<LlmSample> samples, int vocabulary) {
    for (int sample = 0; sample < samples.size(); sample++) {
      if (samples.get(sample) instanceof TokenSample tokens) {
        for (int id : tokens.inputIds()) {
          if (id >= vocabulary) {
            throw InputException.at(
                file.toString(),
                sample + 1L,
                "token " + id + " in a model of " + vocabulary + " tokens",
                "use the tokenizer of this model");
          }
        }
      }
    }
  }

  private static JsonNode object(LineReader lines) {
    JsonNode node;
    try {
      node = JsonFile.parse(lines.text());
    } catch (JsonProcessingException failure) {
      throw lines.error(JsonFile.reason(failure), REMEDY);
    }
    if (!node.isObject()) {
      throw lines.error("is no JSON object", REMEDY);
    }
    return node;
  }

  private static AlpacaRecord record(LineReader lines, JsonNode node) {
    String input = node.hasNonNull("input") ? text(lines, node, "input") : "";
    return new AlpacaRecord(text(lines, node, "instruction"), input, text(lines, node, "output"));
  }

  private static String text(LineReader lines, JsonNode node, String name) {
    JsonNode value = node.path(name);
    if (!value.isTextual()) {
      throw lines.error("has no text \"" + name + "\"", REMEDY);
    }
    if (!InputFile.isUnicode(value.textValue())) {
      throw lines.error("\"" + name + "\" holds half a surrogate pair", "correct the escape");
    }
    return value.textValue();
  }

  private static TokenSample tokens(LineReader lines, JsonNode node, int sample) {
    int[] ids = integers(lines, node, "input_ids");
    boolean[] scored = new boolean[ids.length];
    if (!node.hasNonNull("labels")) {
      Arrays.fill(scored, true);
      return new TokenSample(sample, ids, scored);
    }
    int[] labels = integers(lines, node, "labels");
    if (labels.length != ids.length) {
      throw lines.error(
          labels.length + " labels for " + ids.length + " input_ids", "give a label a token");
    }
    for (int t = 0; t < ids.length; t++) {
      if (labels[t] != NOT_SCORED && labels[t] != ids[t]) {
        throw lines.error(
            "label " + labels[t] + " at index " + t + ", where the token is " + ids[t],
            "give the token itself, or -100 for one that is not scored");
      }
      scored[t] = labels[t] != NOT_SCORED;
    }
    return new TokenSample(sample, ids, scored);
  }

  private static int[] integers(LineReader lines, JsonNode node, String name) {
    JsonNode array = node.path(name);
    if (!array.isArray()) {
      throw lines.error("\"" + name + "\" is no array", REMEDY);
    }
    int[] values = new int[array.size()];
    for (int t = 0; t < values.length; t++) {
      JsonNode value = array.get(t);
      boolean whole = value.isIntegralNumber() && value.canConvertToInt();
      boolean label = name.equals("labels") && whole && value.intValue() == NOT_SCORED;
      if (!whole || (value.intValue() < 0 && !label)) {
        throw lines.error(
            "\"" + name + "\" holds " + Shown.quoted(value.toString()) + " at index " + t,
            "give token ids, which are 0 or more");
      }
      values[t] = value.intValue();
    }
    return values;
  }
}
