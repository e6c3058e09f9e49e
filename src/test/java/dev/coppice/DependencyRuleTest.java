// SPDX-License-Identifier: Apache-2.0
package dev.coppice;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Which package may import which. The README shows the same table: change both together. */
class DependencyRuleTest {
  private static final Path SOURCES = Path.of("src/main/java/dev/coppice");
  private static final Pattern REFERENCE =
      Pattern.compile("\\bdev\\.coppice\\.(\\w+)(\\.nativelib)?");
  private static final Map<String, Set<String>> MAY_IMPORT =
      Map.of(
          "cli", Set.of("pipeline", "random"),
          "pipeline",
              Set.of(
                  "score", "solve", "select", "model", "report", "io", "data", "backend", "random"),
          "score", Set.of("solve", "model", "data", "backend", "random"),
          "solve", Set.of("backend", "random"),
          "select", Set.of("data", "random"),
          "model", Set.of("data", "backend", "random"),
          "report", Set.of("data", "select", "random"),
          "io", Set.of("data", "random"),
          "data", Set.of("random"),
          "backend", Set.of("random"));

  @Test
  void packagesImportOnlyWhatTheyMay() throws IOException {
    List<String> violations = new ArrayList<>();
    int references = 0;
    for (Path file : sources()) {
      String from = SOURCES.relativize(file).getName(0).toString();
      Set<String> allowed = MAY_IMPORT.getOrDefault(from, Set.of());
      Matcher found = REFERENCE.matcher(code(file));
      while (found.find()) {
        references++;
        String to = found.group(1);
        if (!to.equals(from) && !allowed.contains(to)) {
          violations.add(file + " imports " + to);
        }
        if (found.group(2) != null && !from.equals("backend")) {
          violations.add(file + " imports nativelib");
        }
      }
    }
    assertEquals(List.of(), violations);
    assertTrue(references > 0, "no source was read: is the working folder the project's root?");
  }

  @Test
  void everyPackageIsInTheTable() throws IOException {
    for (Path file : sources()) {
      String from = SOURCES.relativize(file).getName(0).toString();
      assertTrue(MAY_IMPORT.containsKey(from) || from.equals("random"), file + " is in no package");
    }
  }

  private static List<Path> sources() throws IOException {
    try (Stream<Path> files = Files.walk(SOURCES)) {
      return files.filter(file -> file.toString().endsWith(".java")).toList();
    }
  }

  /** The file without its package line and comments, which may name any package. */
  private static String code(Path file) throws IOException {
    return Files.readString(file)
        .replaceAll("(?s)/\\*.*?\\*/", "")
        .replaceAll("(?m)//.*$", "")
        .replaceAll("(?m)^package .*$", "");
  }
}
