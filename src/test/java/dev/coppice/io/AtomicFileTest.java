// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
  @TempDir Path folder;

  @Test
  void replacesAFileAndLeavesNothingElse() throws IOException {
    Path file = folder.resolve("made/on/demand/f.txt");
    AtomicFile.write(file, stream -> stream.write("old".getBytes(StandardCharsets.UTF_8)));
    AtomicFile.write(file, stream -> stream.write("new one".getBytes(StandardCharsets.UTF_8)));
    assertEquals("new one", Files.readString(file));
    assertEquals(List.of(file), files(file.getParent()));
  }

  @Test
  void theOldFileStandsUntilTheNewOneIsWhole() throws IOException {
    Path file = Files.writeString(folder.resolve("f.txt"), "old");
    AtomicFile.write(
        file,
        stream -> {
          stream.write(new byte[1 << 20]);
          stream.flush();
          assertEquals("old", Files.readString(file));
          Path temporary = folder.resolve(".f.txt.tmp-" + ProcessHandle.current().pid());
          assertEquals(1 << 20, Files.size(temporary));
        });
    assertEquals(1 << 20, Files.size(file));
  }

  @Test
  void aFailureLeavesTheOldFileAndNoTemporaryOne() throws IOException {
    Path file = Files.writeString(folder.resolve("f.txt"), "old");
    assertThrows(
        IOException.class,
        () ->
            AtomicFile.write(
                file,
                stream -> {
                  stream.write(new byte[100_000]);
                  throw new IOException("disk full");
                }));
    assertThrows(
        IllegalStateException.class,
        () ->
            AtomicFile.write(
                file,
                stream -> {
                  throw new IllegalStateException("a bug");
                }));
    assertEquals("old", Files.readString(file));
    assertEquals(List.of(file), files(folder));
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }
}
