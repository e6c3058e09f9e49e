// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ShownTest {
  @Test
  void quotesWithoutLineBreaksAndCommands() {
    assertEquals("\"a ü 😀\"", Shown.quoted("a ü 😀"));
    assertEquals(
        "\"\\u000d\\u000a\\u001b[2J\\u2028\\u202e\\ud800\"",
        Shown.quoted("\r\n\u001b[2J\u2028\u202e\ud800"));
  }

  @Test
  void shortensBetweenCodePoints() {
    assertEquals("\"" + "😀".repeat(40) + "\"", Shown.quoted("😀".repeat(40)));
    assertEquals("\"" + "😀".repeat(40) + "...\"", Shown.quoted("😀".repeat(41)));
    assertEquals("", Shown.quoted("").replace("\"", ""));
  }

  @Test
  void takesTheFirstLineOfASentence() {
    assertEquals("one", Shown.sentence("one\ntwo"));
    assertEquals("null", Shown.sentence(null));
    assertEquals("x".repeat(200) + "...", Shown.sentence("x".repeat(201)));
  }
}
