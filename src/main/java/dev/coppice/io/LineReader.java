// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import dev.coppice.data.InputException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The lines of a UTF-8 file, one at a time, as bytes of a shared buffer. A line ends with LF or CR
 * LF; the last may end with the file. Memory is bounded by the longest line allowed.
 */
final class LineReader implements AutoCloseable {
  /** The longest line that is read, without its end: 4 MiB. */
  static final int MAX_LINE_BYTES = 4 << 20;

  private final Path file;
  private final InputStream stream;
  private byte[] buffer = new byte[1 << 16];
  private int next; // first byte after the current line and its end
  private int filled; // bytes in the buffer
  private boolean ended; // the stream has no more
  private int start;
  private int end;
  private long number;

  LineReader(Path file) {
    this.file = file;
    this.stream = InputFile.open(file);
  }

  /**
   * Moves to the next line; false at the end of the file.
   *
   * @throws InputException if the line is too long or is not UTF-8
   */
  boolean next() {
    int scanned = next;
    int high = 0;
    while (true) {
      for (; scanned < filled; scanned++) {
        if (buffer[scanned] == '\n') {
          accept(scanned, scanned + 1, high < 0);
          return true;
        }
        high |= buffer[scanned];
      }
      if (ended) {
        if (next == filled) {
          return false;
        }
        accept(filled, filled, high < 0);
        return true;
      }
      scanned -= next; // fill() moves the line to the front
      fill();
    }
  }

  private void accept(int lineEnd, int nextLine, boolean hasHighBytes) {
    start = next;
    end = lineEnd > start && buffer[lineEnd - 1] == '\r' ? lineEnd - 1 : lineEnd;
    next = nextLine;
    number++;
    if (end - start > MAX_LINE_BYTES) {
      throw tooLong(number);
    }
    if (hasHighBytes) {
      checkUtf8();
    }
  }

  private void fill() {
    System.arraycopy(buffer, next, buffer, 0, filled - next);
    filled -= next;
    next = 0;
    if (filled > MAX_LINE_BYTES + 1) { // one more for a CR
      throw tooLong(number + 1);
    }
    if (filled == buffer.length) {
      buffer = Arrays.copyOf(buffer, Math.min(2 * buffer.length, MAX_LINE_BYTES + (1 << 16)));
    }
    try {
      int count = stream.read(buffer, filled, buffer.length - filled);
      ended = count < 0;
      filled += Math.max(0, count);
    } catch (IOException failure) {
      throw InputFile.unreadable(file, failure);
    }
  }

  private InputException tooLong(long line) {
    return InputException.at(
        file.toString(),
        line,
        "the line is longer than the maximum of " + MAX_LINE_BYTES + " bytes",
        "check the file for missing line breaks");
  }

  private void checkUtf8() {
    if (number == 1 && end - start >= 3 && (buffer[start] & 0xff) == 0xEF) {
      if ((buffer[start + 1] & 0xff) == 0xBB && (buffer[start + 2] & 0xff) == 0xBF) {
        throw error("the file starts with a byte order mark", "save it as UTF-8 without one");
      }
    }
    try {
      InputFile.strictUtf8().decode(ByteBuffer.wrap(buffer, start, end - start));
    } catch (CharacterCodingException failure) {
      throw error("the line is not valid UTF-8", "save the file as UTF-8");
    }
  }

  /** Number of the current line, 1-based; 0 before the first. */
  long number() {
    return number;
  }

  /** Holds the bytes of the current line from {@link #start} to {@link #end}, until the next. */
  byte[] buffer() {
    return buffer;
  }

  int start() {
    return start;
  }

  int end() {
    return end;
  }

  /** The current line. */
  String text() {
    return text(start, end);
  }

  /** A part of the current line, as indices of {@link #buffer}. */
  String text(int from, int to) {
    return new String(buffer, from, to - from, StandardCharsets.UTF_8);
  }

  /** An error in the current line. */
  InputException error(String what, String remedy) {
    return InputException.at(file.toString(), number, what, remedy);
  }

  /** An error of the file as a whole, or for what should have come after its last line. */
  InputException fileError(String what, String remedy) {
    return InputException.of(file.toString(), what, remedy);
  }

  @Override
  public void close() {
    try {
      stream.close();
    } catch (IOException failure) {
      throw InputFile.unreadable(file, failure);
    }
  }
}
