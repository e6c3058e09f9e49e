// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Writes a file so that after a crash it is either the old one or the whole new one. */
public final class AtomicFile {
  /** Writes the contents of a file. */
  @FunctionalInterface
  public interface IoConsumer<T> {
    void accept(T target) throws IOException;
  }

  private AtomicFile() {}

  /**
   * Replaces {@code target} by what {@code contents} writes: into {@code .NAME.tmp-PID} beside it,
   * flushed to the disk, renamed, and the folder flushed. Missing parent folders are made. If
   * anything fails, {@code target} is as before and the temporary file is gone.
   *
   * @throws IOException if writing fails
   */
  public static void write(Path target, IoConsumer<OutputStream> contents) throws IOException {
    replace(
        target,
        temporary -> {
          try (FileChannel channel =
              FileChannel.open(
                  temporary,
                  StandardOpenOption.CREATE,
                  StandardOpenOption.TRUNCATE_EXISTING,
                  StandardOpenOption.WRITE)) {
            OutputStream stream =
                new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16);
            contents.accept(stream);
            stream.flush();
          }
        });
  }

  /**
   * Like {@link #write}, for writers that need a path: {@code contents} makes the file at the
   * temporary path that it is given.
   */
  public static void replace(Path target, IoConsumer<Path> contents) throws IOException {
    Path absolute = target.toAbsolutePath();
    Path folder = absolute.getParent();
    if (folder == null) {
      throw new IOException(target + " is not a file");
    }
    Files.createDirectories(folder);
    Path temporary =
        folder.resolve("." + absolute.getFileName() + ".tmp-" + ProcessHandle.current().pid());
    try {
      contents.accept(temporary);
      try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
        channel.force(true);
      }
      Files.move(
          temporary, absolute, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(temporary);
    }
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true); // else the rename may be lost with the power
    }
  }
}
