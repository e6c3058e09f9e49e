// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.data.InputException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafeTensorsTest {
  @TempDir Path folder;

  @Test
  void readsBackWhatItWrites() throws IOException {
    Random random = new Random(11);
    float[] large = new float[1_100_003]; // more than one chunk of reading
    for (int i = 0; i < large.length; i++) {
      large[i] = (float) random.nextGaussian();
    }
    Path file = folder.resolve("w.safetensors");
    SafeTensors.write(
        file,
        Map.of("heads", "2"),
        List.of(
            new SafeTensors.Out("b", new long[] {1, 1_100_003}, large),
            new SafeTensors.Out("scalar", new long[] {}, new float[] {3}),
            new SafeTensors.Out("none", new long[] {2, 0}, new float[] {}),
            new SafeTensors.Out("a", new long[] {2}, new float[] {-0.0f, Float.MIN_VALUE})));
    SafeTensors read = SafeTensors.open(file);
    assertEquals(Map.of("heads", "2"), read.metadata());
    assertEquals(4, read.entries().size());
    assertArrayEquals(large, read.floats("b"));
    assertArrayEquals(new float[] {3}, read.floats("scalar"));
    assertArrayEquals(new float[] {}, read.floats("none"));
    assertArrayEquals(new double[] {-0.0, Float.MIN_VALUE}, read.doubles("a"));
    SafeTensors.Entry entry = read.entry("b");
    assertEquals("F32", entry.dtype());
    assertArrayEquals(new long[] {1, 1_100_003}, entry.shape());
    assertEquals(0, entry.offset() % 8, "tensors start aligned");
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    assertEquals(large[0], bytes.getFloat((int) entry.offset()));
  }

  @Test
  void refusesToWriteWhatDoesNotFit() {
    Path file = folder.resolve("w.safetensors");
    SafeTensors.Out one = new SafeTensors.Out("a", new long[] {1}, new float[1]);
    SafeTensors.Out three = new SafeTensors.Out("b", new long[] {2}, new float[3]);
    assertThrows(
        IllegalArgumentException.class, () -> SafeTensors.write(file, Map.of(), List.of(one, one)));
    assertThrows(
        IllegalArgumentException.class, () -> SafeTensors.write(file, Map.of(), List.of(three)));
    assertTrue(Files.notExists(file));
  }

  @Test
  void convertsEveryFloatingPointKind() throws IOException {
    ByteBuffer data = ByteBuffer.allocate(8 + 4 + 2 * 5 + 2 * 2).order(ByteOrder.LITTLE_ENDIAN);
    data.putDouble(Math.PI).putFloat(1.5f);
    data.putShort((short) 0x3555).putShort((short) 0x8001).putShort((short) 0x7bff);
    data.putShort((short) 0xfc00).putShort((short) 0x0400);
    data.putShort((short) 0x3f81).putShort((short) 0xff80);
    Path file =
        file(
            "{\"d\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]},"
                + "\"f\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]},"
                + "\"h\":{\"dtype\":\"F16\",\"shape\":[5],\"data_offsets\":[12,22]},"
                + "\"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[22,26]}}",
            data.array());
    SafeTensors read = SafeTensors.open(file);
    assertArrayEquals(new double[] {Math.PI}, read.doubles("d"));
    assertArrayEquals(new float[] {(float) Math.PI}, read.floats("d"));
    assertArrayEquals(new float[] {1.5f}, read.floats("f"));
    assertArrayEquals(
        new float[] {0.333251953125f, -0x1p-24f, 65504, Float.NEGATIVE_INFINITY, 0x1p-14f},
        read.floats("h"));
    assertArrayEquals(new float[] {1.0078125f, Float.NEGATIVE_INFINITY}, read.floats("b"));
    InputException wrong = assertThrows(InputException.class, () -> read.longs("f"));
    assertTrue(wrong.getMessage().contains("tensor f is F32"), wrong.getMessage());
    InputException none = assertThrows(InputException.class, () -> read.floats("x"));
    assertTrue(none.getMessage().startsWith(file + ": has no tensor x; "), none.getMessage());
  }

  @Test
  void readsEveryIntegerKind() throws IOException {
    ByteBuffer data =
        ByteBuffer.allocate(8 + 4 + 4 + 2 + 2 + 1 + 1 + 1).order(ByteOrder.LITTLE_ENDIAN);
    data.putLong(-5).putInt(-6).putInt(-1).putShort((short) -7).putShort((short) -1);
    data.put((byte) -8).put((byte) -1).put((byte) 1);
    StringBuilder header = new StringBuilder("{");
    int offset = 0;
    String[] kinds = {"I64", "I32", "U32", "I16", "U16", "I8", "U8", "BOOL"};
    for (String kind : kinds) {
      int end = offset + SafeTensorsHeader.width(kind);
      header.append(
          String.format(
              "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[1],\"data_offsets\":[%d,%d]}",
              offset == 0 ? "" : ",", kind, kind, offset, end));
      offset = end;
    }
    SafeTensors read = SafeTensors.open(file(header + "}", data.array()));
    long[] expected = {-5, -6, 0xffffffffL, -7, 0xffff, -8, 0xff, 1};
    for (int i = 0; i < kinds.length; i++) {
      assertArrayEquals(new long[] {expected[i]}, read.longs(kinds[i]), kinds[i]);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} | outside the 7 bytes | 7",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} | goes on for 1 bytes | 9",
        "{'a':{'dtype':'F32','shape':[-2],'data_offsets':[0,8]}} | shape holds \"-2\" | 8",
        "{'a':{'dtype':'F32','shape':[2.0],'data_offsets':[0,8]}} | shape holds | 8",
        "{'a':{'dtype':'F32','shape':2,'data_offsets':[0,8]}} | shape is no array | 8",
        "{'a':{'dtype':'F32','data_offsets':[0,8]}} | shape is no array | 8",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[8,0]}} | outside | 8",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[-8,0]}} | data_offsets holds | 8",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0]}} | outside | 8",
        "{'a':{'dtype':'F32','shape':[3],'data_offsets':[0,8]}} | do not fit its dtype | 8",
        "{'a':{'dtype':'F32','shape':[4611686018427387904,4],'data_offsets':[0,0]}}"
            + " | do not fit | 0",
        "{'a':{'dtype':'F32','shape':[18446744073709551618],'data_offsets':[0,8]}}"
            + " | shape holds | 8",
        "{'a':{'dtype':'F31','shape':[2],'data_offsets':[0,8]}} | unknown dtype \"F31\" | 8",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},"
            + "'b':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}} | overlaps another | 8",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}} | no tensor's | 8",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},"
            + "'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} | Duplicate field | 8",
        "{'__metadata__':{'a':1}} | __metadata__ \"a\" is no text | 0",
        "{'__metadata__':[]} | __metadata__ is no JSON object | 0",
        "[1] | header that is no JSON object | 0",
        "{'a': | header that is not valid JSON | 0",
        "{'a':3} | unknown dtype | 0",
        "{} | goes on for 3 bytes | 3",
      })
  void refusesAHeaderThatDoesNotFitTheFile(String header, String part, int bytes)
      throws IOException {
    assertRefused(file(header.replace('\'', '"'), new byte[bytes]), part);
  }

  @Test
  void refusesAFileThatIsCutAnywhere() throws IOException {
    Path whole = folder.resolve("whole");
    SafeTensors.write(
        whole, Map.of(), List.of(new SafeTensors.Out("a", new long[] {2, 2}, new float[4])));
    byte[] bytes = Files.readAllBytes(whole);
    for (int length = 0; length < bytes.length; length++) {
      Path cut = folder.resolve("cut");
      Files.write(cut, Arrays.copyOf(bytes, length));
      assertRefused(cut, ": ");
    }
  }

  @ParameterizedTest
  @CsvSource({"100000001", "9223372036854775807", "-1", "0", "1", "50"})
  void refusesAHeaderLengthThatCannotBe(long claimed) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(18).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(claimed).put("{}".getBytes(StandardCharsets.UTF_8));
    Path file = Files.write(folder.resolve("bad"), bytes.array());
    assertRefused(file, "claims a header of " + Long.toUnsignedString(claimed) + " bytes");
  }

  @Test
  void refusesAHugeHeaderThatIsThere() throws IOException {
    Path file = folder.resolve("huge");
    try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.write(
          ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putInt(100_000_001).array());
      sparse.setLength(100_000_100L);
    }
    assertRefused(file, "claims a header of 100000001 bytes");
  }

  @Test
  void refusesAHeaderThatIsNotUtf8() throws IOException {
    Path file = file("{\"a\":1}", new byte[0]);
    byte[] bytes = Files.readAllBytes(file);
    bytes[10] = (byte) 0xc0;
    assertRefused(Files.write(file, bytes), "not UTF-8");
  }

  private void assertRefused(Path file, String part) {
    InputException refused = assertThrows(InputException.class, () -> SafeTensors.open(file));
    assertTrue(refused.getMessage().startsWith(file + ": "), refused.getMessage());
    assertTrue(refused.getMessage().contains(part), refused.getMessage());
  }

  private Path file(String header, byte[] data) throws IOException {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(
        ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).array());
    out.writeBytes(json);
    out.writeBytes(data);
    return Files.write(folder.resolve("t.safetensors"), out.toByteArray());
  }
}
