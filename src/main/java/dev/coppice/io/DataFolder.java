// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coppice.data.Dataset;
import dev.coppice.data.InputException;
import dev.coppice.data.Prompt;
import dev.coppice.data.Sequences;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A data folder: {@code train.txt}, {@code valid.txt}, {@code test.txt}, {@code items.tsv} and
 * perhaps {@code prompt.json} and {@code negatives.txt}.
 */
public final class DataFolder {
  private DataFolder() {}

  /**
   * The data set in a folder, checked whole: every line of every file is well-formed UTF-8, ids are
   * 1..items, users are the same in the same order, and none twice.
   *
   * @throws InputException naming file and line of the first thing that is wrong
   */
  public static Dataset read(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw InputException.of(
          folder.toString(),
          Files.exists(folder) ? "is a file" : "there is no such folder",
          "name a folder with train.txt, valid.txt, test.txt and items.tsv");
    }
    String[] titles = ItemTitles.read(folder.resolve("items.tsv"));
    int items = titles.length - 1;
    SequenceFile train = SequenceFile.readUsers(folder.resolve("train.txt"), items);
    return new Dataset(
        train.users(),
        train.rows(),
        SequenceFile.readRows(folder.resolve("valid.txt"), items, train.users()),
        SequenceFile.readRows(folder.resolve("test.txt"), items, train.users()),
        titles,
        prompt(folder.resolve("prompt.json")),
        negatives(folder.resolve("negatives.txt"), items, train));
  }

  private static Prompt prompt(Path file) {
    if (!Files.exists(file)) {
      return Prompt.GENERIC;
    }
    JsonNode node = JsonFile.read(file);
    String input = text(file, node, "input");
    int first = input.indexOf(Prompt.HISTORY);
    if (first < 0 || input.indexOf(Prompt.HISTORY, first + 1) >= 0) {
      throw InputException.of(
          file.toString(),
          "\"input\" does not contain " + Prompt.HISTORY + " exactly once",
          "put it where the titles of the history go");
    }
    return new Prompt(text(file, node, "instruction"), input, text(file, node, "separator"), false);
  }

  private static String text(Path file, JsonNode node, String name) {
    JsonNode value = node.get(name);
    if (value == null || !value.isTextual()) {
      throw InputException.of(
          file.toString(),
          "has no text \"" + name + "\"",
          "write {\"instruction\": ..., \"input\": ..., \"separator\": ...}");
    }
    if (!InputFile.isUnicode(value.textValue())) {
      throw InputException.of(
          file.toString(), "\"" + name + "\" holds half a surrogate pair", "correct the escape");
    }
    return value.textValue();
  }

  private static Optional<Sequences> negatives(Path file, int items, SequenceFile train) {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    Sequences negatives = SequenceFile.readRows(file, items, train.users());
    for (int row = 0; row < negatives.count(); row++) {
      int transitions = train.rows().length(row) - 1;
      if (negatives.length(row) != transitions) {
        throw InputException.at(
            file.toString(),
            row + 1L,
            negatives.length(row) + " negatives for " + transitions + " transitions",
            "give one for each training item of the user but the first");
      }
    }
    return Optional.of(negatives);
  }
}
