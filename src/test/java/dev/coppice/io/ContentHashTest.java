// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.coppice.data.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContentHashTest {
  @TempDir Path folder;

  @Test
  void hashesTheBytes() throws IOException {
    Path file = Files.writeString(folder.resolve("f"), "abc");
    assertEquals( // FIPS 180-2, appendix B.1
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ContentHash.sha256(file));
    Files.writeString(file, "a".repeat(1_000_000));
    assertEquals( // FIPS 180-2, appendix B.3
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
        ContentHash.sha256(file));
    Files.writeString(file, "");
    assertEquals(
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ContentHash.sha256(file));
  }

  @Test
  void fingerprintsWeightsByHeaderSizeAndTime() throws IOException {
    Path file = folder.resolve("w.safetensors");
    FileTime time = FileTime.fromMillis(1_700_000_000_123L);
    String first = fingerprint(file, "a", new float[] {1, 2}, time);
    assertEquals(first, fingerprint(file, "a", new float[] {3, 4}, time));
    assertEquals("16-1700000000123", first.substring(65).replaceFirst("^\\d+", "16"));
    assertNotEquals(first, fingerprint(file, "b", new float[] {1, 2}, time));
    assertNotEquals(first, fingerprint(file, "a", new float[] {1, 2, 3}, time));
    assertNotEquals(first, fingerprint(file, "a", new float[] {1, 2}, FileTime.fromMillis(5)));
  }

  private static String fingerprint(Path file, String name, float[] values, FileTime time)
      throws IOException {
    SafeTensors.write(
        file, Map.of(), List.of(new SafeTensors.Out(name, new long[] {values.length}, values)));
    Files.setLastModifiedTime(file, time);
    return ContentHash.weightsFingerprint(file);
  }

  @Test
  void refusesWhatIsMissingOrTooShort() throws IOException {
    Path file = folder.resolve("w");
    assertThrows(InputException.class, () -> ContentHash.sha256(file));
    assertThrows(InputException.class, () -> ContentHash.weightsFingerprint(file));
    Files.writeString(file, "short");
    assertThrows(InputException.class, () -> ContentHash.weightsFingerprint(file));
    Files.write(file, new byte[] {9, 0, 0, 0, 0, 0, 0, 0, 1});
    assertThrows(InputException.class, () -> ContentHash.weightsFingerprint(file));
  }
}
