// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import dev.coppice.data.InputException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Fingerprints of files: equal for equal contents, so that a run knows what has changed. */
public final class ContentHash {
  private ContentHash() {}

  /**
   * SHA-256 of a file's bytes, in lower-case hexadecimal.
   *
   * @throws InputException if the file is missing or cannot be read
   */
  public static String sha256(Path file) {
    return hash(file, Long.MAX_VALUE);
  }

  /**
   * A quick fingerprint of a safetensors file: SHA-256 of its header, its size in bytes and its
   * time of last change. It misses a change of weights that keeps all three.
   *
   * @throws InputException if the file is missing, or too short for the header that it claims
   */
  public static String weightsFingerprint(Path file) {
    try {
      long size = Files.size(file);
      long header = headerBytes(file, size);
      long millis = Files.getLastModifiedTime(file).toMillis();
      return hash(file, header) + "-" + size + "-" + millis;
    } catch (IOException failure) {
      throw InputFile.unreadable(file, failure);
    }
  }

  private static long headerBytes(Path file, long size) throws IOException {
    try (InputStream stream = InputFile.open(file)) {
      byte[] length = stream.readNBytes(8);
      long header =
          length.length < 8 ? -1 : ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong();
      if (header < 0 || header > size - 8) {
        throw InputException.of(
            file.toString(), "is too short for a safetensors header", "copy or make it again");
      }
      return 8 + header;
    }
  }

  private static String hash(Path file, long bytes) {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every Java platform has SHA-256", impossible);
    }
    try (InputStream stream = InputFile.open(file)) {
      byte[] buffer = new byte[1 << 16];
      long left = bytes;
      int count = stream.read(buffer, 0, (int) Math.min(left, buffer.length));
      while (count > 0) {
        digest.update(buffer, 0, count);
        left -= count;
        count = left == 0 ? 0 : stream.read(buffer, 0, (int) Math.min(left, buffer.length));
      }
    } catch (IOException failure) {
      throw InputFile.unreadable(file, failure);
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
