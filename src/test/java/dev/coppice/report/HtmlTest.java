// SPDX-License-Identifier: Apache-2.0
package dev.coppice.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class HtmlTest {
  @Test
  void escapesWhatMeansSomethingInMarkup() {
    assertEquals(
        "a &amp;lt; &lt;b&gt; &quot;c&quot; &#39;d&#39;", Html.escape("a &lt; <b> \"c\" 'd'"));
    assertEquals("\ufffd\ud83c\udfae", Html.escape("\0\ud83c\udfae"));
  }

  @Test
  void escapesTextEverywhere() {
    String text = "<i>&\"";
    String escaped = "&lt;i&gt;&amp;&quot;";
    assertEquals(
        "<p class=x>" + escaped + "</p>\n", new Html().element("p class=x", text).toString());
    for (Html html :
        List.of(
            new Html().definitions(Map.of(text, text)),
            new Html().table(text, 1, List.of(text), List.of(List.of(text, text))),
            new Html().chart("stages", "low", text, text),
            new Html().fold(text),
            new Html().section("id", text))) {
      String markup = html.toString();
      assertEquals(-1, markup.indexOf(text), markup);
      assertEquals(true, markup.contains(escaped), markup);
    }
  }

  @Test
  void aTableMarksTextAndNumbers() {
    String table =
        new Html().table("c", 1, List.of("name", "n"), List.of(List.of("a", "1"))).toString();
    assertEquals(
        "<thead><tr><th scope=col class=text>name</th>\n<th scope=col>n</th>\n</tr></thead>\n"
            + "<tbody>\n<tr><th scope=row class=text>a</th>\n<td>1</td>\n</tr>\n"
            + "</tbody></table></div>\n",
        table.substring(table.indexOf("<thead>")));
  }

  @Test
  void aScriptThatWouldEndItsElementIsRefused() {
    assertEquals("a < b", ChartLibrary.requireInline("x.js", "a < b"));
    for (String bad : List.of("'</script>'", "x <!--y")) {
      assertThrows(IllegalStateException.class, () -> ChartLibrary.requireInline("x.js", bad));
    }
  }
}
