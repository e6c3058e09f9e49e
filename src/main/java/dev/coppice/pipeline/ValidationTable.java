// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The tables of a validation as text. */
final class ValidationTable {
  private static final int CELL = 24;

  private ValidationTable() {}

  /** The lines for stdout. */
  static List<String> lines(Map<String, Object> tables) {
    JsonNode root = JsonMapper.builder().build().valueToTree(tables);
    List<String> quantities = new ArrayList<>();
    root.path("full").fieldNames().forEachRemaining(quantities::add);
    List<String> lines = new ArrayList<>();
    lines.add(
        "%d users, %d training(s) of each set; model of all users: %s"
            .formatted(
                root.path("users").asInt(),
                root.path("repeats").asInt(),
                named(root.path("full"), quantities)));
    if (root.has("agreement")) {
      lines.add(
          "rank correlation of two trainings of the same halves: "
              + named(root.path("agreement"), quantities));
    }
    addDatastoreScores(root.path("datastore_score"), quantities, lines);
    addLeftOut(root.path("left_out"), quantities, lines);
    return lines;
  }

  private static String named(JsonNode values, List<String> quantities) {
    List<String> parts = new ArrayList<>();
    for (String quantity : quantities) {
      parts.add(quantity + " " + number("%.4f", values.path(quantity)));
    }
    return String.join(", ", parts);
  }

  private static void addDatastoreScores(
      JsonNode rows, List<String> quantities, List<String> lines) {
    lines.add("");
    int width = width(rows, "score");
    StringBuilder head = new StringBuilder(padded("linear datastore score", width));
    for (String quantity : quantities) {
      head.append(padded(quantity, CELL)).append(padded("above gradient dot", CELL));
    }
    lines.add(head.toString().stripTrailing());
    for (JsonNode row : rows) {
      StringBuilder line = new StringBuilder(padded(row.path("score").asText(), width));
      for (String quantity : quantities) {
        JsonNode cell = row.path(quantity);
        line.append(padded(interval("lds", cell), CELL));
        line.append(padded(interval("difference", cell.path("above_gradient_dot")), CELL));
      }
      lines.add(line.toString().stripTrailing());
    }
  }

  /** Room for the longest name and a gap. */
  private static int width(JsonNode rows, String column) {
    int longest = 0;
    for (JsonNode row : rows) {
      longest = Math.max(longest, row.path(column).asText().length());
    }
    return Math.max(longest, CELL) + 2;
  }

  private static String interval(String name, JsonNode cell) {
    return cell.has(name)
        ? number("%+.2f", cell.path(name))
            + " ["
            + number("%+.2f", cell.path("low"))
            + ", "
            + number("%+.2f", cell.path("high"))
            + "]"
        : "";
  }

  private static void addLeftOut(JsonNode rows, List<String> quantities, List<String> lines) {
    if (rows.isEmpty()) {
      return;
    }
    lines.add("");
    int width = width(rows, "removed");
    StringBuilder head = new StringBuilder(padded("change when left out", width));
    head.append(padded("predicted", CELL));
    quantities.forEach(quantity -> head.append(padded(quantity, CELL)));
    lines.add(head.toString().stripTrailing());
    for (JsonNode row : rows) {
      StringBuilder line = new StringBuilder(padded(row.path("removed").asText(), width));
      line.append(padded(number("%+.5f", row.path("predicted")), CELL));
      quantities.forEach(
          quantity -> line.append(padded(number("%+.5f", row.path(quantity)), CELL)));
      lines.add(line.toString().stripTrailing());
    }
  }

  private static String number(String format, JsonNode value) {
    return value.isNumber() ? String.format(Locale.ROOT, format, value.asDouble()) : "";
  }

  private static String padded(String text, int width) {
    return String.format(Locale.ROOT, "%-" + width + "s", text);
  }
}
