// SPDX-License-Identifier: Apache-2.0
package dev.coppice;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Where the large data sets and golden numbers lie, which are not part of a clone. */
public final class SharedData {
  private SharedData() {}

  /**
   * The folder that system property {@code coppice.shared} names, else the first that exists of
   * {@code ../shared} and {@code ../../shared}; empty if there is none.
   *
   * @throws IllegalStateException if the property names no folder, or if there is none and {@code
   *     coppice.require} lists {@code shared}
   */
  public static Optional<Path> root() {
    String named = System.getProperty("coppice.shared", "");
    if (!named.isEmpty()) {
      if (!Files.isDirectory(Path.of(named))) {
        throw new IllegalStateException("coppice.shared: " + named + " is not a folder");
      }
      return Optional.of(Path.of(named));
    }
    Optional<Path> found =
        Stream.of("../shared", "../../shared").map(Path::of).filter(Files::isDirectory).findFirst();
    List<String> required = List.of(System.getProperty("coppice.require", "").split(","));
    if (found.isEmpty() && required.contains("shared")) {
      throw new IllegalStateException("the shared data is required, but no ../shared was found");
    }
    return found;
  }
}
