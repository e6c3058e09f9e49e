// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import dev.coppice.data.InputException;
import dev.coppice.data.Scores;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Scores as text: a header {@code sample,name,...}, then a line a sample. */
public final class ScoreCsv {
  private static final String REMEDY = "write a header like sample,influence,loss and numbers";

  private ScoreCsv() {}

  /**
   * Replaces a file by scores, ascending by sample, values as {@code %.17g}, which keeps every bit.
   *
   * @throws IOException if writing fails; the file is then as before
   */
  public static void write(Path file, Scores scores) throws IOException {
    List<double[]> columns = new ArrayList<>();
    scores.names().forEach(name -> columns.add(scores.column(name)));
    AtomicFile.write(
        file,
        stream -> {
          Writer writer =
              new BufferedWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8));
          writer.write("sample");
          for (String name : scores.names()) {
            writer.write("," + name);
          }
          writer.write("\n");
          for (int row = 0; row < scores.size(); row++) {
            writer.write(Integer.toString(scores.samples()[row]));
            for (double[] column : columns) {
              writer.write("," + Numbers.format(column[row]));
            }
            writer.write("\n");
          }
          writer.flush();
        });
  }

  /**
   * Scores from a file, rows and columns in any order; every column must hold finite numbers.
   *
   * @throws InputException naming the line of the first thing that is wrong
   */
  public static Scores read(Path file) {
    return read(file, null);
  }

  /**
   * The wanted columns that a file has; what the others hold does not matter.
   *
   * @param wanted column names; null for all
   * @throws InputException naming the line of the first thing that is wrong
   */
  public static Scores read(Path file, Set<String> wanted) {
    try (LineReader lines = new LineReader(file)) {
      if (!lines.next()) {
        throw lines.fileError("is empty", REMEDY);
      }
      List<String> header = header(lines);
      Table table = new Table(header, wanted);
      while (lines.next()) {
        table.add(lines);
      }
      return table.scores();
    }
  }

  private static List<String> header(LineReader lines) {
    List<String> names = List.of(lines.text().split(",", -1));
    Set<String> seen = new HashSet<>();
    for (String name : names) {
      if (name.isBlank() || !seen.add(name)) {
        throw lines.error(
            name.isBlank()
                ? "a column has no name"
                : "column " + Shown.quoted(name) + " appears twice",
            REMEDY);
      }
    }
    if (!seen.contains("sample")) {
      throw lines.error("there is no column sample", REMEDY);
    }
    return names;
  }

  private static final class Table {
    private final List<String> header;
    private final int sampleColumn;
    private final double[][] values; // null where a column is not wanted
    private final Map<Integer, Long> lineOf = new HashMap<>();
    private int[] samples = new int[1024];
    private int count;

    Table(List<String> header, Set<String> wanted) {
      this.header = header;
      this.sampleColumn = header.indexOf("sample");
      this.values = new double[header.size()][];
      for (int column = 0; column < header.size(); column++) {
        if (column != sampleColumn && (wanted == null || wanted.contains(header.get(column)))) {
          values[column] = new double[samples.length];
        }
      }
    }

    void add(LineReader lines) {
      String[] fields = lines.text().split(",", -1);
      if (fields.length != header.size()) {
        throw lines.error(
            fields.length + " fields where the header has " + header.size(),
            "give each column a number");
      }
      if (count == samples.length) {
        grow();
      }
      int sample = sample(lines, fields[sampleColumn]);
      Long first = lineOf.putIfAbsent(sample, lines.number());
      if (first != null) {
        throw lines.error(
            "sample " + sample + " again, first on line " + first, "keep one line a sample");
      }
      samples[count] = sample;
      for (int column = 0; column < fields.length; column++) {
        if (values[column] != null) {
          values[column][count] = value(lines, sample, header.get(column), fields[column]);
        }
      }
      count++;
    }

    private static int sample(LineReader lines, String field) {
      byte[] digits = field.getBytes(StandardCharsets.UTF_8);
      long sample = Numbers.parse(digits, 0, digits.length);
      if (sample < 0 || sample > Integer.MAX_VALUE) {
        throw lines.error(
            Shown.quoted(field) + " is not a sample id",
            "sample ids are the 0-based lines of train.txt");
      }
      return (int) sample;
    }

    private static double value(LineReader lines, int sample, String column, String field) {
      double value = Numbers.decimal(field);
      if (!Double.isFinite(value)) {
        throw lines.error(
            "column "
                + Shown.quoted(column)
                + " of sample "
                + sample
                + " is "
                + Shown.quoted(field)
                + ", which is no finite number",
            "leave out samples that have no score");
      }
      return value;
    }

    private void grow() {
      samples = Arrays.copyOf(samples, 2 * count);
      for (int column = 0; column < values.length; column++) {
        values[column] = values[column] == null ? null : Arrays.copyOf(values[column], 2 * count);
      }
    }

    Scores scores() {
      Map<String, double[]> columns = new LinkedHashMap<>();
      for (int column = 0; column < values.length; column++) {
        if (values[column] != null) {
          columns.put(header.get(column), Arrays.copyOf(values[column], count));
        }
      }
      return Scores.of(Arrays.copyOf(samples, count), columns);
    }
  }
}
