// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.data.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The folder of one run, locked for this process: results at its top, and in {@code work/} what a
 * later start goes on from.
 */
final class RunFolder implements AutoCloseable {
  private static final String MANIFEST = "run.json";
  private static final String TEMPORARY = "\\..*\\.tmp-\\d+"; // of AtomicFile

  private final Path folder;
  private final RunLock lock;
  private final RunManifest manifest;
  private final UnitJournal journal;

  private RunFolder(Path folder, RunLock lock, RunManifest manifest, UnitJournal journal) {
    this.folder = folder;
    this.lock = lock;
    this.manifest = manifest;
    this.journal = journal;
  }

  /**
   * Fails unless {@code folder} can become a run folder or is one; changes nothing.
   *
   * @throws ConfigException if it holds something else or may not be written
   */
  static void check(Path folder) throws IOException {
    check(folder, MANIFEST, "run folder");
  }

  /** The same for a folder whose mark is the file {@code manifest}, called {@code kind}. */
  static void check(Path folder, String manifest, String kind) throws IOException {
    OutputPath.requireFolder("--out", folder);
    if (!Files.isDirectory(folder) || Files.exists(folder.resolve(manifest))) {
      return;
    }
    try (Stream<Path> entries = Files.list(folder)) {
      List<Path> strange =
          entries
              .filter(path -> !path.getFileName().toString().equals("work"))
              .filter(path -> !path.getFileName().toString().matches(TEMPORARY))
              .toList();
      if (!strange.isEmpty()) {
        throw new ConfigException(
            "--out %s: holds %s and is no %s; name a new or empty one"
                .formatted(folder, strange.get(0).getFileName(), kind));
      }
    }
  }

  /**
   * Makes or opens a run folder and locks it. What processes that were killed have left half
   * written is deleted.
   *
   * @throws ConfigException if it is no run folder or another process is at work on it
   */
  static RunFolder open(Path folder) throws IOException {
    check(folder);
    Path absolute = folder.toAbsolutePath().normalize();
    Path work = Files.createDirectories(absolute.resolve("work"));
    RunLock lock = RunLock.acquire(work.resolve("lock"), folder);
    try {
      deleteTemporaries(absolute);
      deleteTemporaries(work);
      RunManifest manifest = RunManifest.read(absolute.resolve(MANIFEST));
      return new RunFolder(absolute, lock, manifest, UnitJournal.open(work.resolve("units.log")));
    } catch (IOException | RuntimeException failure) {
      lock.close();
      throw failure;
    }
  }

  /** Deletes what processes that were killed have left half written. */
  static void deleteTemporaries(Path folder) throws IOException {
    List<Path> left;
    try (Stream<Path> entries = Files.list(folder)) {
      left = entries.filter(path -> path.getFileName().toString().matches(TEMPORARY)).toList();
    }
    for (Path path : left) {
      Files.delete(path);
    }
  }

  /** A result's place. */
  Path file(String name) {
    return folder.resolve(name);
  }

  /** The place of what only later starts of this run need. */
  Path work(String name) {
    return folder.resolve("work").resolve(name);
  }

  /** Where only later starts of this run look. */
  Path workFolder() {
    return folder.resolve("work");
  }

  RunManifest manifest() {
    return manifest;
  }

  UnitJournal journal() {
    return journal;
  }

  @Override
  public void close() throws IOException {
    try (lock) {
      journal.close();
    }
  }
}
