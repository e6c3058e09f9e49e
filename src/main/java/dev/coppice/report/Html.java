// SPDX-License-Identifier: Apache-2.0
package dev.coppice.report;

import java.util.List;
import java.util.Map;

/** Markup under construction; every text that is not markup is escaped. */
final class Html {
  private final StringBuilder out = new StringBuilder();

  /** The text with the five characters that mean something in HTML replaced. */
  static String escape(String text) {
    StringBuilder escaped = new StringBuilder(text.length() + 16);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '&' -> escaped.append("&amp;");
        case '<' -> escaped.append("&lt;");
        case '>' -> escaped.append("&gt;");
        case '"' -> escaped.append("&quot;");
        case '\'' -> escaped.append("&#39;");
        case '\0' -> escaped.append('\ufffd'); // not allowed in HTML, even as a reference
        default -> escaped.append(c);
      }
    }
    return escaped.toString();
  }

  /** Appends markup as it is. Never give it text from data. */
  Html markup(String markup) {
    out.append(markup);
    return this;
  }

  /** Appends text, escaped. */
  Html text(String text) {
    out.append(escape(text));
    return this;
  }

  /** Appends {@code <tag>text</tag>}; {@code open} may carry attributes: "p class=note". */
  Html element(String open, String text) {
    int space = open.indexOf(' ');
    String tag = space < 0 ? open : open.substring(0, space);
    return markup("<" + open + ">").text(text).markup("</" + tag + ">\n");
  }

  /** Opens a section with a heading; {@code id} is also its anchor. */
  Html section(String id, String heading) {
    return markup("<section id=\"" + id + "\">\n").element("h2", heading);
  }

  /** Closes a section. */
  Html endSection() {
    return markup("</section>\n");
  }

  /** A definition list of names and values. */
  Html definitions(Map<String, String> values) {
    markup("<dl class=\"facts\">\n");
    values.forEach(
        (name, value) ->
            markup("<div>").element("dt", name).element("dd", value).markup("</div>\n"));
    return markup("</dl>\n");
  }

  /**
   * A table that scrolls in its own box. Cells of the first {@code leading} columns are text and
   * head their row, the others are numbers.
   */
  Html table(String caption, int leading, List<String> head, List<List<String>> rows) {
    markup("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"")
        .text(caption)
        .markup("\"><table>\n")
        .element("caption", caption)
        .markup("<thead><tr>");
    for (int c = 0; c < head.size(); c++) {
      element(c < leading ? "th scope=col class=text" : "th scope=col", head.get(c));
    }
    markup("</tr></thead>\n<tbody>\n");
    for (List<String> row : rows) {
      markup("<tr>");
      for (int c = 0; c < row.size(); c++) {
        element(
            c == 0 ? "th scope=row class=text" : c < leading ? "td class=text" : "td", row.get(c));
      }
      markup("</tr>\n");
    }
    return markup("</tbody></table></div>\n");
  }

  /** Opens a part that a reader unfolds. */
  Html fold(String summary) {
    return markup("<details>").element("summary", summary);
  }

  /** Closes what {@link #fold} opened. */
  Html endFold() {
    return markup("</details>\n");
  }

  /**
   * A chart's place; the page's script draws into it.
   *
   * @param name name of the drawing in figures.js
   * @param height class that sets its height: "low", "middle" or "tall"
   * @param description what a reader who does not see it should know
   * @param caption text below it
   */
  Html chart(String name, String height, String description, String caption) {
    return markup("<figure><div class=\"chart " + height + "\"><canvas data-chart=\"" + name)
        .markup("\" role=\"img\" aria-label=\"")
        .text(description)
        .markup("\"></canvas></div>")
        .element("figcaption", caption)
        .markup("</figure>\n");
  }

  @Override
  public String toString() {
    return out.toString();
  }
}
