// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.data.ConfigException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Checks, before any work, that a result can be written where the user wants it. */
final class OutputPath {
  private OutputPath() {}

  /**
   * Fails unless a file can be made or replaced at {@code file}.
   *
   * @param option name of the option that gave the path
   * @throws ConfigException if it is a folder, or its folder is missing or may not be written
   */
  static void requireFile(String option, Path file) {
    Path absolute = file.toAbsolutePath();
    if (Files.isDirectory(absolute) || absolute.getFileName() == null) {
      throw new ConfigException(option + " " + file + ": is a folder; name a file");
    }
    requireWritable(option, file, absolute.getParent());
    if (Files.exists(absolute) && !Files.isRegularFile(absolute)) {
      throw new ConfigException(option + " " + file + ": is no ordinary file; name another");
    }
  }

  /** Fails unless {@code folder} can be made, or is there and can be written. */
  static void requireFolder(String option, Path folder) {
    Path absolute = folder.toAbsolutePath().normalize();
    if (!Files.exists(absolute)) {
      requireWritable(option, folder, absolute.getParent());
      return;
    }
    if (!Files.isDirectory(absolute)) {
      throw new ConfigException(option + " " + folder + ": is a file; name a folder");
    }
    requireWritable(option, folder, absolute);
  }

  private static void requireWritable(String option, Path asGiven, Path parent) {
    if (parent == null || !Files.isDirectory(parent)) {
      throw new ConfigException(
          option + " " + asGiven + ": there is no folder " + parent + "; make it first");
    }
    if (!Files.isWritable(parent)) {
      throw new ConfigException(
          option
              + " "
              + asGiven
              + ": the folder "
              + parent
              + " may not be written; choose another");
    }
  }
}
