// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import dev.coppice.data.InputException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Opening of files that the user named: what cannot be read is an {@link InputException}. */
final class InputFile {
  private InputFile() {}

  /** Fails unless {@code file} is there and is no folder. */
  static void require(Path file) {
    if (Files.isDirectory(file)) {
      throw InputException.of(file.toString(), "is a folder", "name a file");
    }
    if (!Files.exists(file)) {
      throw InputException.of(file.toString(), "there is no such file", "check the path");
    }
  }

  /** Opens a file for reading. */
  static InputStream open(Path file) {
    require(file);
    try {
      return Files.newInputStream(file);
    } catch (IOException failure) {
      throw unreadable(file, failure);
    }
  }

  /** The whole of a file of at most {@code maxBytes}. */
  static byte[] bytes(Path file, int maxBytes) {
    try (InputStream stream = open(file)) {
      byte[] bytes = stream.readNBytes(maxBytes);
      if (bytes.length == maxBytes && stream.read() >= 0) {
        throw InputException.of(
            file.toString(), "is larger than " + maxBytes + " bytes", "check that it is the file");
      }
      return bytes;
    } catch (IOException failure) {
      throw unreadable(file, failure);
    }
  }

  /**
   * Text of a whole file.
   *
   * @throws InputException with the line of the first byte that is not UTF-8
   */
  static String text(Path file, int maxBytes) {
    byte[] bytes = bytes(file, maxBytes);
    CharsetDecoder decoder = strictUtf8();
    ByteBuffer source = ByteBuffer.wrap(bytes);
    CharBuffer decoded = CharBuffer.allocate(bytes.length);
    CoderResult result = decoder.decode(source, decoded, true);
    if (result.isError()) {
      long line = 1;
      for (int i = 0; i < source.position(); i++) {
        line += bytes[i] == '\n' ? 1 : 0;
      }
      throw InputException.at(file.toString(), line, "is not valid UTF-8", "save it as UTF-8");
    }
    return decoded.flip().toString();
  }

  /** A decoder that refuses what is not UTF-8. */
  static CharsetDecoder strictUtf8() {
    return StandardCharsets.UTF_8
        .newDecoder()
        .onMalformedInput(CodingErrorAction.REPORT)
        .onUnmappableCharacter(CodingErrorAction.REPORT);
  }

  /** Whether a text can be written as UTF-8, which half a surrogate pair cannot. */
  static boolean isUnicode(String text) {
    return StandardCharsets.UTF_8.newEncoder().canEncode(text);
  }

  /** The error of a file that the operating system does not let us read. */
  static InputException unreadable(Path file, IOException failure) {
    if (failure instanceof NoSuchFileException || failure instanceof FileNotFoundException) {
      return InputException.of(file.toString(), "there is no such file", "check the path");
    }
    if (failure instanceof AccessDeniedException) {
      return InputException.of(file.toString(), "may not be read", "change its permissions");
    }
    return InputException.of(
        file.toString(), "cannot be read (" + failure.getMessage() + ")", "check file and disk");
  }
}
