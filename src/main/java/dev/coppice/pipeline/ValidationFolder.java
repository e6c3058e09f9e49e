// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.data.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The folder of one validation, locked for this process: {@code validate.json} and {@code work}.
 */
final class ValidationFolder implements AutoCloseable {
  private static final String RESULT = "validate.json";

  private final Path folder;
  private final RunLock lock;

  private ValidationFolder(Path folder, RunLock lock) {
    this.folder = folder;
    this.lock = lock;
  }

  /**
   * Fails unless {@code folder} can become a validation's or is one; changes nothing.
   *
   * @throws ConfigException if it holds something else or may not be written
   */
  static void check(Path folder) throws IOException {
    RunFolder.check(folder, RESULT, "folder of a validation");
  }

  /**
   * Makes or opens a folder and locks it.
   *
   * @throws ConfigException if it holds something else or another process is at work on it
   */
  static ValidationFolder open(Path folder) throws IOException {
    check(folder);
    Path absolute = folder.toAbsolutePath().normalize();
    Path work = Files.createDirectories(absolute.resolve("work"));
    RunLock lock = RunLock.acquire(work.resolve("lock"), folder);
    boolean opened = false;
    try {
      RunFolder.deleteTemporaries(absolute);
      RunFolder.deleteTemporaries(work);
      opened = true;
      return new ValidationFolder(absolute, lock);
    } finally {
      if (!opened) {
        lock.close();
      }
    }
  }

  /** Where the result goes. */
  Path result() {
    return folder.resolve(RESULT);
  }

  /** Where retrainings are kept. */
  Path work() {
    return folder.resolve("work");
  }

  @Override
  public void close() throws IOException {
    lock.close();
  }
}
