// SPDX-License-Identifier: Apache-2.0
package dev.coppice.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PromptTextTest {
  @Test
  void rendersTheTemplateWithInput() {
    AlpacaRecord record = new AlpacaRecord("Do it.", "Had A; B;", "C");
    String expected =
        "Below is an instruction that describes a task, paired with an input that provides further"
            + " context. Write a response that appropriately completes the request. \n"
            + "\n"
            + "### Instruction:\n"
            + "Do it.\n"
            + "\n"
            + "### Input:\n"
            + "Had A; B;\n"
            + "\n"
            + "### Response:\n"
            + "C";
    assertEquals(expected, PromptText.render(record));
    assertEquals(expected.length() - 1, PromptText.responseStart(record));
  }

  @Test
  void rendersTheInstructionOnlyTemplateWithoutInput() {
    AlpacaRecord record = new AlpacaRecord("Do it.", "", "C D");
    String expected =
        "Below is an instruction that describes a task. Write a response that appropriately"
            + " completes the request. \n"
            + "\n"
            + "### Instruction:\n"
            + "Do it.\n"
            + "\n"
            + "### Response:\n"
            + "C D";
    assertEquals(expected, PromptText.render(record));
    assertEquals(expected.length() - 3, PromptText.responseStart(record));
  }

  @Test
  void makesTheRecordOfASample() {
    Sequences train = new Sequences(new int[] {0, 4, 5}, new int[] {3, 1, 2, 4, 2});
    Sequences none = new Sequences(new int[3], new int[0]);
    Dataset dataset =
        new Dataset(
            List.of("a", "b"),
            train,
            none,
            none,
            new String[] {null, "One", "T$1\\wo", "Three", "Four"},
            new Prompt("Do", "Had <{history}>", " | ", false),
            Optional.empty());
    assertEquals(
        new AlpacaRecord("Do", "Had <Three | One | T$1\\wo>", "Four"),
        PromptText.record(dataset, 0));
    assertEquals(new AlpacaRecord("Do", "Had <T$1\\wo>", "Four"), PromptText.record(dataset, 0, 1));
    assertThrows(IllegalArgumentException.class, () -> PromptText.record(dataset, 1));
    assertThrows(IllegalArgumentException.class, () -> PromptText.record(dataset, 0, 0));
    assertThrows(IllegalArgumentException.class, () -> PromptText.record(dataset, 0, 4));
  }

  @Test
  void aPromptNeedsThePlaceholderOnce() {
    assertThrows(IllegalArgumentException.class, () -> new Prompt("", "none", "; ", false));
    assertThrows(
        IllegalArgumentException.class, () -> new Prompt("", "{history} {history}", "; ", false));
  }
}
