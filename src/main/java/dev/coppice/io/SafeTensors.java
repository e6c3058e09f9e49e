// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.data.InputException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A safetensors file: named tensors, row-major and little-endian, behind a JSON header. Opening
 * checks the whole header against the file's length; values are read when asked for.
 *
 * @see <a href="https://github.com/huggingface/safetensors">the format</a>
 */
public final class SafeTensors {
  private static final int CHUNK_BYTES = 1 << 22;
  private static final int LARGEST_ARRAY = Integer.MAX_VALUE - 8;

  /**
   * A tensor of a file.
   *
   * @param name its name
   * @param dtype F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL or an F8 kind
   * @param shape outermost first; empty for a scalar
   * @param offset of its first byte, from the start of the file
   * @param bytes its size
   */
  public record Entry(String name, String dtype, long[] shape, long offset, long bytes) {
    /** Number of elements. */
    public long elements() {
      long product = 1;
      for (long dimension : shape) {
        product *= dimension; // checked when the header was read
      }
      return product;
    }
  }

  /**
   * A float32 tensor to be written.
   *
   * @param name its name, no other's
   * @param shape outermost first, whose product is the number of values
   * @param values row-major
   */
  public record Out(String name, long[] shape, float[] values) {}

  private final Path file;
  private final Map<String, Entry> entries;
  private final Map<String, String> metadata;

  private SafeTensors(Path file, SafeTensorsHeader header) {
    this.file = file;
    this.entries = header.entries();
    this.metadata = header.metadata();
  }

  /**
   * Reads and checks the header of a file.
   *
   * @throws InputException if the header is not JSON of the format's shape, a size does not fit
   *     dtype and shape, tensors overlap or leave holes, or the file is longer or shorter
   */
  public static SafeTensors open(Path file) {
    return new SafeTensors(file, SafeTensorsHeader.read(file));
  }

  /** The file that was opened. */
  public Path file() {
    return file;
  }

  /** Tensors by name, in the order of their bytes. */
  public Map<String, Entry> entries() {
    return entries;
  }

  /** The header's {@code __metadata__}; empty if it has none. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /**
   * A tensor by name.
   *
   * @throws InputException if the file has none of this name
   */
  public Entry entry(String name) {
    Entry entry = entries.get(name);
    if (entry == null) {
      throw InputException.of(
          file.toString(), "has no tensor " + name, "check that it is the right kind of file");
    }
    return entry;
  }

  /**
   * Values of a floating-point tensor; F64 is rounded to the nearest float.
   *
   * @throws InputException if there is no such tensor or it is not F32, F16, BF16 or F64
   */
  public float[] floats(String name) {
    Entry entry = entry(name);
    float[] values = new float[count(entry)];
    int width = width(entry, "F32", "F16", "BF16", "F64");
    read(
        entry,
        width,
        (chunk, at, count) -> {
          switch (entry.dtype()) {
            case "F32" -> chunk.asFloatBuffer().get(values, at, count);
            default -> {
              for (int i = 0; i < count; i++) {
                values[at + i] = (float) real(chunk, entry.dtype(), i);
              }
            }
          }
        });
    return values;
  }

  /**
   * Values of a floating-point tensor, exactly.
   *
   * @throws InputException if there is no such tensor or it is not F32, F16, BF16 or F64
   */
  public double[] doubles(String name) {
    Entry entry = entry(name);
    double[] values = new double[count(entry)];
    int width = width(entry, "F32", "F16", "BF16", "F64");
    read(
        entry,
        width,
        (chunk, at, count) -> {
          for (int i = 0; i < count; i++) {
            values[at + i] = real(chunk, entry.dtype(), i);
          }
        });
    return values;
  }

  /**
   * Values of an integer or boolean (0 or 1) tensor.
   *
   * @throws InputException if there is no such tensor, it is not an I or U kind or BOOL, or a U64
   *     value exceeds the range of long
   */
  public long[] longs(String name) {
    Entry entry = entry(name);
    long[] values = new long[count(entry)];
    int width = width(entry, "I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8", "BOOL");
    read(
        entry,
        width,
        (chunk, at, count) -> {
          for (int i = 0; i < count; i++) {
            values[at + i] = integer(chunk, entry, i);
          }
        });
    return values;
  }

  private static double real(ByteBuffer chunk, String dtype, int i) {
    return switch (dtype) {
      case "F32" -> chunk.getFloat(4 * i);
      case "F64" -> chunk.getDouble(8 * i);
      case "BF16" -> Float.intBitsToFloat(chunk.getShort(2 * i) << 16);
      default -> HalfFloat.toFloat(chunk.getShort(2 * i));
    };
  }

  private long integer(ByteBuffer chunk, Entry entry, int i) {
    long value =
        switch (entry.dtype()) {
          case "I64", "U64" -> chunk.getLong(8 * i);
          case "I32" -> chunk.getInt(4 * i);
          case "U32" -> chunk.getInt(4 * i) & 0xffffffffL;
          case "I16" -> chunk.getShort(2 * i);
          case "U16" -> chunk.getShort(2 * i) & 0xffffL;
          case "I8" -> chunk.get(i);
          default -> chunk.get(i) & 0xffL;
        };
    if (value < 0 && entry.dtype().equals("U64")) {
      throw InputException.of(
          file.toString(), "tensor " + entry.name() + " exceeds 64 signed bits", "use I64");
    }
    return value;
  }

  private int count(Entry entry) {
    if (entry.elements() > LARGEST_ARRAY) {
      throw InputException.of(
          file.toString(),
          "tensor " + entry.name() + " has more elements than an array can hold",
          "split it");
    }
    return (int) entry.elements();
  }

  private int width(Entry entry, String... allowed) {
    if (!List.of(allowed).contains(entry.dtype())) {
      throw InputException.of(
          file.toString(),
          "tensor " + entry.name() + " is " + entry.dtype(),
          "it must be one of " + String.join(", ", allowed));
    }
    return SafeTensorsHeader.width(entry.dtype());
  }

  @FunctionalInterface
  private interface ChunkConsumer {
    /** Elements {@code at..at+count-1} of the tensor, from index 0 of {@code chunk}. */
    void accept(ByteBuffer chunk, int at, int count);
  }

  private void read(Entry entry, int width, ChunkConsumer consumer) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      int size = (int) Math.min(CHUNK_BYTES, Math.max(width, entry.bytes()));
      ByteBuffer chunk = ByteBuffer.allocateDirect(size).order(ByteOrder.LITTLE_ENDIAN);
      for (long done = 0; done < entry.bytes(); done += chunk.limit()) {
        chunk.clear().limit((int) Math.min(size, entry.bytes() - done));
        while (chunk.hasRemaining()) {
          if (channel.read(chunk, entry.offset() + done + chunk.position()) < 0) {
            throw InputException.of(
                file.toString(), "became shorter while it was read", "let nothing write to it");
          }
        }
        chunk.flip();
        consumer.accept(chunk, (int) (done / width), chunk.limit() / width);
      }
    } catch (IOException failure) {
      throw InputFile.unreadable(file, failure);
    }
  }

  /**
   * Replaces a file by float32 tensors. The bytes depend on the arguments alone: tensors in the
   * order given, metadata in the map's order.
   *
   * @throws IllegalArgumentException if two tensors share a name, or a shape does not fit its
   *     values
   * @throws IOException if writing fails; the file is then as before
   */
  public static void write(Path file, Map<String, String> metadata, List<Out> tensors)
      throws IOException {
    byte[] header = header(metadata, tensors);
    AtomicFile.write(
        file,
        stream -> {
          ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
          stream.write(length.putLong(header.length).array());
          stream.write(header);
          for (Out tensor : tensors) {
            write(stream, tensor.values());
          }
        });
  }

  private static byte[] header(Map<String, String> metadata, List<Out> tensors) throws IOException {
    ObjectNode header = new ObjectMapper().createObjectNode();
    if (!metadata.isEmpty()) {
      ObjectNode node = header.putObject(SafeTensorsHeader.METADATA);
      metadata.forEach(node::put);
    }
    Set<String> names = new LinkedHashSet<>(Set.of(SafeTensorsHeader.METADATA));
    long offset = 0;
    for (Out tensor : tensors) {
      long elements = Arrays.stream(tensor.shape()).reduce(1, Math::multiplyExact);
      if (elements != tensor.values().length || !names.add(tensor.name())) {
        throw new IllegalArgumentException(
            tensor.name()
                + ": a second one, or "
                + tensor.values().length
                + " values in shape "
                + Arrays.toString(tensor.shape()));
      }
      ObjectNode node = header.putObject(tensor.name()).put("dtype", "F32");
      for (long dimension : tensor.shape()) {
        node.withArray("shape").add(dimension);
      }
      if (tensor.shape().length == 0) {
        node.putArray("shape");
      }
      node.putArray("data_offsets").add(offset).add(offset += 4 * elements);
    }
    byte[] json = header.toString().getBytes(StandardCharsets.UTF_8);
    byte[] padded = Arrays.copyOf(json, (json.length + 7) / 8 * 8); // tensors start aligned
    Arrays.fill(padded, json.length, padded.length, (byte) ' ');
    return padded;
  }

  private static void write(OutputStream stream, float[] values) throws IOException {
    int perChunk = 1 << 14;
    ByteBuffer chunk = ByteBuffer.allocate(4 * perChunk).order(ByteOrder.LITTLE_ENDIAN);
    for (int from = 0; from < values.length; from += perChunk) {
      int count = Math.min(perChunk, values.length - from);
      chunk.asFloatBuffer().put(values, from, count);
      stream.write(chunk.array(), 0, 4 * count);
    }
  }
}
