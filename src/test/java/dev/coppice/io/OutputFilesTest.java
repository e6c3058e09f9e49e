// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.data.AlpacaRecord;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Selections, Alpaca records, NumPy arrays and Parquet columns. */
class OutputFilesTest {
  @TempDir Path folder;

  @Test
  void aSelectionIsAscendingLines() throws IOException {
    Path file = folder.resolve("selection.txt");
    SelectionFile.write(file, new int[] {30, 4, 0});
    assertEquals("0\n4\n30\n", Files.readString(file));
    SelectionFile.write(file, new int[0]);
    assertEquals("", Files.readString(file));
    assertThrows(IllegalArgumentException.class, () -> SelectionFile.write(file, new int[] {3, 3}));
    assertThrows(
        IllegalArgumentException.class, () -> SelectionFile.write(file, new int[] {-3, 3}));
  }

  @Test
  void alpacaRecordsAreReadBack() throws IOException {
    Path file = folder.resolve("selection.jsonl");
    List<AlpacaRecord> records =
        List.of(
            new AlpacaRecord("Do\n\"it\"", "ü😀", "x"), //
            new AlpacaRecord("a", "", "b\u2028c"));
    AlpacaFile.writeJsonl(file, records);
    assertEquals(records, SamplesFile.read(file));
    assertEquals(
        "{\"instruction\":\"Do\\n\\\"it\\\"\",\"input\":\"ü😀\",\"output\":\"x\"}",
        Files.readAllLines(file).get(0));
  }

  /** The bytes that numpy.save writes, seen with NumPy 1.24. */
  @Test
  void arraysHaveTheHeaderOfNumpy() throws IOException {
    Path file = folder.resolve("a.npy");
    NpyFile.write(file, new double[] {1.5, Double.NaN, -0.0});
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    String header = "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }";
    String start =
        "\u0093NUMPY\u0001\u0000v\u0000" + header + " ".repeat(117 - header.length()) + "\n";
    byte[] expected = start.getBytes(StandardCharsets.ISO_8859_1);
    assertEquals(128, expected.length);
    assertArrayEquals(expected, Arrays.copyOf(bytes.array(), 128));
    assertEquals(128 + 3 * 8, bytes.capacity());
    assertEquals(1.5, bytes.getDouble(128));
    assertTrue(Double.isNaN(bytes.getDouble(136)));
    assertEquals(Double.doubleToLongBits(-0.0), bytes.getLong(144));
  }

  @Test
  void arraysOfEveryKindAreWholeBeyondOneChunk() throws IOException {
    Path file = folder.resolve("a.npy");
    int[] ints = new int[20_011];
    Arrays.setAll(ints, i -> i * 7919 - 3);
    NpyFile.write(file, ints);
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    assertEquals(128 + 4 * ints.length, bytes.capacity());
    int[] read = new int[ints.length];
    bytes.position(128).asIntBuffer().get(read);
    assertArrayEquals(ints, read);
    NpyFile.write(file, new boolean[] {true, false, true});
    byte[] flags = Files.readAllBytes(file);
    assertTrue(new String(flags, StandardCharsets.ISO_8859_1).contains("'|b1'"));
    assertArrayEquals(new byte[] {1, 0, 1}, Arrays.copyOfRange(flags, 128, flags.length));
    NpyFile.write(file, new int[0]);
    assertEquals(128, Files.size(file));
    assertTrue(Files.readString(file, StandardCharsets.ISO_8859_1).contains("'shape': (0,)"));
  }

  @Test
  void parquetColumnsAreReadBack() throws IOException {
    int rows = 5003; // more than two of DuckDB's vectors
    int[] samples = new int[rows];
    double[] scores = new double[rows];
    boolean[] selected = new boolean[rows];
    String[] names = new String[rows];
    List<List<Object>> expected = new ArrayList<>(Collections.nCopies(4, null));
    expected.replaceAll(nothing -> new ArrayList<>());
    for (int row = 0; row < rows; row++) {
      samples[row] = row % 11 == 0 ? Integer.MIN_VALUE : row;
      scores[row] = row % 7 == 0 ? Double.NaN : Math.sin(row) * Math.pow(10, row % 600 - 300);
      selected[row] = row % 3 == 0;
      names[row] = row % 5 == 0 ? null : "it's \"" + row + "\" ü";
      expected.get(0).add(row % 11 == 0 ? null : (Object) row);
      expected.get(1).add(row % 7 == 0 ? null : (Object) scores[row]);
      expected.get(2).add(selected[row]);
      expected.get(3).add(names[row]);
    }
    Map<String, Object> columns = new LinkedHashMap<>();
    columns.put("sample", samples);
    columns.put("a \"quoted\" score", scores);
    columns.put("selected", selected);
    columns.put("name", names);
    Path file = folder.resolve("it's.parquet");
    ParquetFile.write(file, columns);
    Map<String, List<Object>> read = ParquetFile.read(file);
    assertEquals(List.copyOf(columns.keySet()), List.copyOf(read.keySet()));
    assertEquals(expected, List.copyOf(read.values()));
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(file), files.toList(), "temporary files were left");
    }
  }

  @Test
  void parquetLeavesNoLibraryInTheTemporaryFolder() throws IOException {
    Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
    ParquetFile.write(folder.resolve("s.parquet"), Map.of("a", new int[] {1}));
    try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
      List<String> mapped =
          maps.filter(line -> line.contains(temporary + "/libduckdb_java")).toList();
      assertTrue(!mapped.isEmpty(), "the library is mapped");
      assertTrue(mapped.stream().allMatch(line -> line.endsWith("(deleted)")), mapped::toString);
    }
  }

  @Test
  void parquetRefusesColumnsThatDoNotFit() {
    Path file = folder.resolve("s.parquet");
    Map<String, Object> lengths = new LinkedHashMap<>();
    lengths.put("a", new int[2]);
    lengths.put("b", new double[3]);
    assertThrows(IllegalArgumentException.class, () -> ParquetFile.write(file, lengths));
    assertThrows(
        IllegalArgumentException.class, () -> ParquetFile.write(file, Map.of("a", new long[2])));
    assertThrows(IllegalArgumentException.class, () -> ParquetFile.write(file, Map.of()));
    assertTrue(Files.notExists(file));
  }
}
