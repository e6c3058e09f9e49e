// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

/** Foreign text made fit for a message: one line, not long, and no command to a terminal. */
final class Shown {
  private static final int QUOTED_LENGTH = 40;
  private static final int SENTENCE_LENGTH = 200;

  private Shown() {}

  /** A word or value of a file, in quotes. */
  static String quoted(String text) {
    return "\"" + plain(text, QUOTED_LENGTH) + "\"";
  }

  /** A message of a library: its first line. */
  static String sentence(String text) {
    return plain(String.valueOf(text).lines().findFirst().orElse(""), SENTENCE_LENGTH);
  }

  private static String plain(String text, int length) {
    StringBuilder result = new StringBuilder();
    int[] points = text.codePoints().limit(length + 1L).toArray();
    for (int i = 0; i < Math.min(length, points.length); i++) {
      switch (Character.getType(points[i])) {
        case Character.CONTROL,
            Character.FORMAT,
            Character.SURROGATE,
            Character.LINE_SEPARATOR,
            Character.PARAGRAPH_SEPARATOR ->
            result.append(String.format("\\u%04x", points[i]));
        default -> result.appendCodePoint(points[i]);
      }
    }
    return result + (points.length > length ? "..." : "");
  }
}
