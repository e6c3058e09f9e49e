// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * One-dimensional NumPy arrays, little-endian, in version 1.0 of the format.
 *
 * @see <a href="https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html">the
 *     format</a>
 */
public final class NpyFile {
  private static final int CHUNK_BYTES = 1 << 16;
  private static final int ALIGNMENT = 64;

  private NpyFile() {}

  /**
   * Replaces a file by float64 values; NaN stays NaN.
   *
   * @throws IOException if writing fails; the file is then as before
   */
  public static void write(Path file, double[] values) throws IOException {
    write(file, "<f8", 8, values.length, (chunk, i) -> chunk.putDouble(values[i]));
  }

  /** Replaces a file by int32 values. */
  public static void write(Path file, int[] values) throws IOException {
    write(file, "<i4", 4, values.length, (chunk, i) -> chunk.putInt(values[i]));
  }

  /** Replaces a file by booleans, a byte each. */
  public static void write(Path file, boolean[] values) throws IOException {
    write(file, "|b1", 1, values.length, (chunk, i) -> chunk.put((byte) (values[i] ? 1 : 0)));
  }

  @FunctionalInterface
  private interface ElementWriter {
    void put(ByteBuffer chunk, int index);
  }

  private static void write(Path file, String kind, int width, int count, ElementWriter element)
      throws IOException {
    AtomicFile.write(
        file,
        stream -> {
          writeHeader(stream, kind, count);
          ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
          for (int i = 0; i < count; i++) {
            if (chunk.remaining() < width) {
              stream.write(chunk.array(), 0, chunk.position());
              chunk.clear();
            }
            element.put(chunk, i);
          }
          stream.write(chunk.array(), 0, chunk.position());
        });
  }

  private static void writeHeader(OutputStream stream, String kind, int count) throws IOException {
    String header =
        "{'descr': '" + kind + "', 'fortran_order': False, 'shape': (" + count + ",), }";
    int before = 6 + 2 + 2; // magic, version, length
    int total = (before + header.length() + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    header += " ".repeat(total - before - header.length() - 1) + "\n";
    ByteBuffer bytes = ByteBuffer.allocate(total).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.US_ASCII));
    bytes.put((byte) 1).put((byte) 0).putShort((short) header.length());
    bytes.put(header.getBytes(StandardCharsets.US_ASCII));
    stream.write(bytes.array());
  }
}
