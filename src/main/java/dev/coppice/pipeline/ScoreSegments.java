// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.data.Scores;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * Scores that are still being computed: an append-only file of segments, each with its checksum and
 * keyed by sample id, so it does not matter in which order or in what portions samples come.
 *
 * <p>All numbers little-endian. Header: 8 bytes {@code COPSEG1\n}, int32 columns C, 32 bytes key
 * (SHA-256 of what the scores are computed from), int32 CRC-32C of these 44 bytes. Segment: int32
 * rows R, R times (int32 sample, C times float64), int32 CRC-32C of the segment up to here. What
 * follows the last whole segment was cut short by a crash; it is dropped, never read.
 */
final class ScoreSegments implements AutoCloseable {
  private static final byte[] MAGIC = "COPSEG1\n".getBytes(StandardCharsets.US_ASCII);
  private static final int KEY_BYTES = 32;
  private static final int HEADER_BYTES = MAGIC.length + 4 + KEY_BYTES + 4;

  private final FileChannel channel;
  private final List<String> columns;
  private final BitSet present = new BitSet();
  private final List<Segment> segments = new ArrayList<>();

  private record Segment(int[] samples, double[][] values) {}

  private ScoreSegments(FileChannel channel, List<String> columns) {
    this.channel = channel;
    this.columns = List.copyOf(columns);
  }

  /**
   * Opens the scores of a stage. A file of another key or of other columns is replaced by an empty
   * one.
   *
   * @param key of what the scores are computed from, (32)
   * @param columns names of the values of a sample, (C)
   */
  static ScoreSegments open(Path file, byte[] key, List<String> columns) throws IOException {
    FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    ScoreSegments scores = new ScoreSegments(channel, columns);
    byte[] header = header(key, columns.size());
    ByteBuffer found = scores.read(0, HEADER_BYTES);
    long end = HEADER_BYTES;
    if (found == null || !Arrays.equals(found.array(), header)) {
      channel.truncate(0);
      channel.write(ByteBuffer.wrap(header), 0);
    } else {
      end = scores.readSegments();
    }
    channel.truncate(end);
    channel.position(end);
    return scores;
  }

  private static byte[] header(byte[] key, int columns) {
    if (key.length != KEY_BYTES) {
      throw new IllegalArgumentException("a key has " + KEY_BYTES + " bytes, not " + key.length);
    }
    ByteBuffer header = buffer(HEADER_BYTES).put(MAGIC).putInt(columns).put(key);
    return header.putInt(checksum(header, header.position())).array();
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** CRC-32C of the first bytes. */
  private static int checksum(ByteBuffer buffer, int bytes) {
    CRC32C crc = new CRC32C();
    crc.update(buffer.array(), 0, bytes);
    return (int) crc.getValue();
  }

  /** Bytes at a place of the file, or null if it ends before. */
  private ByteBuffer read(long from, int bytes) throws IOException {
    if (from + bytes > channel.size()) {
      return null;
    }
    ByteBuffer buffer = buffer(bytes);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, from + buffer.position()) < 0) {
        return null;
      }
    }
    return buffer.flip();
  }

  /** Reads whole segments; the end of the last one. */
  private long readSegments() throws IOException {
    long at = HEADER_BYTES;
    while (true) {
      ByteBuffer rows = read(at, 4);
      long bytes = rows == null ? 0 : segmentBytes(rows.getInt(0));
      ByteBuffer segment = bytes <= 0 || at + bytes > channel.size() ? null : read(at, (int) bytes);
      if (segment == null || !accept(segment)) {
        return at;
      }
      at += bytes;
    }
  }

  /** Size of a segment in the file, or 0 if no segment has so many rows. */
  private long segmentBytes(int rows) {
    long bytes = 8 + rows * (4 + 8L * columns.size());
    return rows < 1 || bytes > Integer.MAX_VALUE - 8 ? 0 : bytes;
  }

  private boolean accept(ByteBuffer segment) {
    int end = segment.limit() - 4;
    if (checksum(segment, end) != segment.getInt(end)) {
      return false;
    }
    int[] samples = new int[segment.getInt()];
    double[][] values = new double[columns.size()][samples.length];
    for (int row = 0; row < samples.length; row++) {
      samples[row] = segment.getInt();
      for (double[] column : values) {
        column[row] = segment.getDouble();
      }
    }
    keep(new Segment(samples, values));
    return true;
  }

  private void keep(Segment segment) {
    segments.add(segment);
    for (int sample : segment.samples) {
      present.set(sample);
    }
  }

  /**
   * Adds scores; they are on disk when this returns.
   *
   * @param samples ids that are not there yet, (R), R at least 1
   * @param values of each column, C times (R)
   */
  void append(int[] samples, double[]... values) throws IOException {
    if (values.length != columns.size()) {
      throw new IllegalArgumentException(values.length + " columns given for " + columns);
    }
    ByteBuffer segment = buffer(Math.toIntExact(segmentBytes(samples.length)));
    segment.putInt(samples.length);
    for (int row = 0; row < samples.length; row++) {
      if (present.get(samples[row])) {
        throw new IllegalArgumentException("sample " + samples[row] + " has its scores already");
      }
      segment.putInt(samples[row]);
      for (double[] column : values) {
        segment.putDouble(column[row]);
      }
    }
    segment.putInt(checksum(segment, segment.position())).flip();
    while (segment.hasRemaining()) {
      channel.write(segment);
    }
    channel.force(false);
    keep(
        new Segment(
            samples.clone(), Arrays.stream(values).map(double[]::clone).toArray(double[][]::new)));
  }

  /** Whether a sample has its scores. */
  boolean has(int sample) {
    return present.get(sample);
  }

  /** Number of segments. */
  int count() {
    return segments.size();
  }

  /** Number of samples that have scores. */
  int samples() {
    return present.cardinality();
  }

  /**
   * Everything so far.
   *
   * @throws IllegalArgumentException naming the sample if a value is not finite
   */
  Scores scores() {
    int rows = segments.stream().mapToInt(segment -> segment.samples.length).sum();
    int[] samples = new int[rows];
    double[][] values = new double[columns.size()][rows];
    int at = 0;
    for (Segment segment : segments) {
      System.arraycopy(segment.samples, 0, samples, at, segment.samples.length);
      for (int column = 0; column < values.length; column++) {
        System.arraycopy(segment.values[column], 0, values[column], at, segment.samples.length);
      }
      at += segment.samples.length;
    }
    Map<String, double[]> named = new LinkedHashMap<>();
    for (int column = 0; column < values.length; column++) {
      named.put(columns.get(column), values[column]);
    }
    return Scores.of(samples, named);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
