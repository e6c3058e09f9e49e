// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.coppice.data.InputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The checked header of a safetensors file: a 64-bit length, then JSON from tensor name to dtype,
 * shape and byte range. The ranges must tile the rest of the file.
 */
record SafeTensorsHeader(Map<String, SafeTensors.Entry> entries, Map<String, String> metadata) {
  static final String METADATA = "__metadata__";
  private static final int MAX_HEADER_BYTES = 100_000_000; // the limit of the format's own reader
  private static final String REMEDY = "copy or make the file again";

  private static final Map<String, Integer> WIDTHS =
      Map.ofEntries(
          Map.entry("F64", 8),
          Map.entry("F32", 4),
          Map.entry("F16", 2),
          Map.entry("BF16", 2),
          Map.entry("F8_E5M2", 1),
          Map.entry("F8_E4M3", 1),
          Map.entry("I64", 8),
          Map.entry("I32", 4),
          Map.entry("I16", 2),
          Map.entry("I8", 1),
          Map.entry("U64", 8),
          Map.entry("U32", 4),
          Map.entry("U16", 2),
          Map.entry("U8", 1),
          Map.entry("BOOL", 1));

  /** Bytes an element of a known dtype. */
  static int width(String dtype) {
    return WIDTHS.get(dtype);
  }

  static SafeTensorsHeader read(Path file) {
    InputFile.require(file);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      if (size < 8) {
        throw wrong(file, "has " + size + " bytes, too few for a safetensors header");
      }
      ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
      fill(file, channel, length, 0);
      long bytes = length.getLong(0);
      if (bytes < 2 || bytes > MAX_HEADER_BYTES || bytes > size - 8) {
        throw wrong(
            file,
            "claims a header of " + Long.toUnsignedString(bytes) + " bytes in a file of " + size);
      }
      ByteBuffer json = ByteBuffer.allocate((int) bytes);
      fill(file, channel, json, 8);
      return parse(file, text(file, json.flip()), 8 + bytes, size);
    } catch (IOException failure) {
      throw InputFile.unreadable(file, failure);
    }
  }

  private static void fill(Path file, FileChannel channel, ByteBuffer into, long at)
      throws IOException {
    while (into.hasRemaining()) {
      if (channel.read(into, at + into.position()) < 0) {
        throw wrong(file, "became shorter while it was read");
      }
    }
  }

  private static String text(Path file, ByteBuffer json) {
    try {
      return InputFile.strictUtf8().decode(json).toString();
    } catch (CharacterCodingException failure) {
      throw wrong(file, "has a header that is not UTF-8");
    }
  }

  private static SafeTensorsHeader parse(Path file, String json, long dataStart, long size) {
    JsonNode root;
    try {
      root = JsonFile.parse(json);
    } catch (JsonProcessingException failure) {
      throw wrong(file, "has a header that " + JsonFile.reason(failure));
    }
    if (!root.isObject()) {
      throw wrong(file, "has a header that is no JSON object");
    }
    Map<String, String> metadata = new LinkedHashMap<>();
    List<SafeTensors.Entry> tensors = new ArrayList<>();
    for (Map.Entry<String, JsonNode> field : root.properties()) {
      if (field.getKey().equals(METADATA)) {
        metadata.putAll(metadata(file, field.getValue()));
      } else {
        tensors.add(tensor(file, field.getKey(), field.getValue(), dataStart, size));
      }
    }
    tensors.sort(
        Comparator.comparingLong(SafeTensors.Entry::offset)
            .thenComparingLong(SafeTensors.Entry::bytes));
    requireTiling(file, tensors, dataStart, size);
    Map<String, SafeTensors.Entry> entries = new LinkedHashMap<>();
    tensors.forEach(entry -> entries.put(entry.name(), entry));
    return new SafeTensorsHeader(
        Collections.unmodifiableMap(entries), Collections.unmodifiableMap(metadata));
  }

  private static Map<String, String> metadata(Path file, JsonNode node) {
    Map<String, String> metadata = new LinkedHashMap<>();
    if (!node.isObject()) {
      throw wrong(file, METADATA + " is no JSON object");
    }
    for (Map.Entry<String, JsonNode> field : node.properties()) {
      if (!field.getValue().isTextual()) {
        throw wrong(file, METADATA + " " + Shown.quoted(field.getKey()) + " is no text");
      }
      metadata.put(field.getKey(), field.getValue().textValue());
    }
    return metadata;
  }

  private static SafeTensors.Entry tensor(
      Path file, String name, JsonNode node, long dataStart, long size) {
    String what = "tensor " + Shown.quoted(name);
    String dtype = node.path("dtype").asText();
    if (!WIDTHS.containsKey(dtype)) {
      throw wrong(file, what + " has the unknown dtype " + Shown.quoted(dtype));
    }
    long[] shape = naturals(file, what + " shape", node.path("shape"));
    long[] range = naturals(file, what + " data_offsets", node.path("data_offsets"));
    if (range.length != 2 || range[0] > range[1] || range[1] > size - dataStart) {
      throw wrong(
          file,
          what + " has data_offsets outside the " + (size - dataStart) + " bytes that follow");
    }
    long bytes = WIDTHS.get(dtype);
    for (long dimension : shape) {
      bytes = dimension == 0 || bytes == 0 ? 0 : multiply(bytes, dimension);
    }
    if (bytes != range[1] - range[0]) {
      throw wrong(file, what + " has data_offsets that do not fit its dtype and shape");
    }
    return new SafeTensors.Entry(name, dtype, shape, dataStart + range[0], bytes);
  }

  /** The product, or -1, which no size equals, if it exceeds 64 bits. */
  private static long multiply(long a, long b) {
    return a < 0 || Math.multiplyHigh(a, b) != 0 || a * b < 0 ? -1 : a * b;
  }

  private static long[] naturals(Path file, String what, JsonNode node) {
    if (!node.isArray()) {
      throw wrong(file, what + " is no array");
    }
    long[] values = new long[node.size()];
    for (int i = 0; i < values.length; i++) {
      JsonNode value = node.get(i);
      if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < 0) {
        throw wrong(file, what + " holds " + Shown.quoted(value.toString()));
      }
      values[i] = value.longValue();
    }
    return values;
  }

  private static void requireTiling(
      Path file, List<SafeTensors.Entry> tensors, long dataStart, long size) {
    long end = dataStart;
    for (SafeTensors.Entry tensor : tensors) {
      if (tensor.offset() != end) {
        String name = "tensor " + Shown.quoted(tensor.name());
        throw wrong(
            file,
            tensor.offset() < end
                ? name + " overlaps another"
                : name + " comes after bytes that are no tensor's");
      }
      end += tensor.bytes();
    }
    if (end != size) {
      throw wrong(file, "goes on for " + (size - end) + " bytes after its last tensor");
    }
  }

  private static InputException wrong(Path file, String what) {
    return InputException.of(file.toString(), what, REMEDY);
  }
}
