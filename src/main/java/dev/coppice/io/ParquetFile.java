// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.duckdb.DuckDBAppender;
import org.duckdb.DuckDBConnection;

/**
 * Columns as a Parquet file, by DuckDB: in memory, on one thread, without extensions from a
 * network. Nothing of DuckDB is loaded before the first use.
 */
public final class ParquetFile {
  private ParquetFile() {}

  /**
   * Replaces a file by columns of equal length.
   *
   * @param columns name to {@code int[]} (INTEGER, {@link Integer#MIN_VALUE} is written as NULL),
   *     {@code double[]} (DOUBLE, NaN is written as NULL), {@code boolean[]} (BOOLEAN) or {@code
   *     String[]} (VARCHAR, null is written as NULL); the order of names is kept
   * @throws IllegalArgumentException if there is no column, lengths differ or a type is another
   * @throws IOException if writing fails; the file is then as before
   */
  public static void write(Path file, Map<String, Object> columns) throws IOException {
    int rows = rows(columns);
    AtomicFile.replace(
        file,
        temporary -> {
          try (DuckDBConnection connection = connect()) {
            create(connection, columns);
            append(connection, List.copyOf(columns.values()), rows);
            try (Statement statement = connection.createStatement()) {
              statement.execute(
                  "COPY columns TO " + quoted(temporary) + " (FORMAT parquet, COMPRESSION zstd)");
            }
          } catch (SQLException failure) {
            throw new IOException("cannot write " + file + ": " + failure.getMessage(), failure);
          }
        });
  }

  /**
   * The columns of a Parquet file: name to values in the order of rows, null for NULL.
   *
   * @throws IOException if the file cannot be read
   */
  static Map<String, List<Object>> read(Path file) throws IOException {
    Map<String, List<Object>> columns = new LinkedHashMap<>();
    try (DuckDBConnection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery("SELECT * FROM read_parquet(" + quoted(file) + ")")) {
      int count = rows.getMetaData().getColumnCount();
      for (int column = 1; column <= count; column++) {
        columns.put(rows.getMetaData().getColumnName(column), new ArrayList<>());
      }
      while (rows.next()) {
        int column = 1;
        for (List<Object> values : columns.values()) {
          values.add(rows.getObject(column++));
        }
      }
    } catch (SQLException failure) {
      throw new IOException("cannot read " + file + ": " + failure.getMessage(), failure);
    }
    return columns;
  }

  private static int rows(Map<String, Object> columns) {
    int rows = -1;
    for (Map.Entry<String, Object> column : columns.entrySet()) {
      int length = length(column.getKey(), column.getValue());
      if (rows >= 0 && length != rows) {
        throw new IllegalArgumentException(
            "column " + column.getKey() + " has " + length + " rows, the first has " + rows);
      }
      rows = length;
    }
    if (rows < 0) {
      throw new IllegalArgumentException("there is no column");
    }
    return rows;
  }

  private static int length(String name, Object values) {
    if (values instanceof int[] ints) {
      return ints.length;
    } else if (values instanceof double[] doubles) {
      return doubles.length;
    } else if (values instanceof boolean[] booleans) {
      return booleans.length;
    } else if (values instanceof String[] strings) {
      return strings.length;
    }
    throw new IllegalArgumentException(
        "column " + name + " is a " + values.getClass().getSimpleName());
  }

  private static String type(Object values) {
    if (values instanceof int[]) {
      return "INTEGER";
    } else if (values instanceof double[]) {
      return "DOUBLE";
    }
    return values instanceof boolean[] ? "BOOLEAN" : "VARCHAR";
  }

  private static DuckDBConnection connect() throws IOException, SQLException {
    Connection connection = DriverManager.getConnection("jdbc:duckdb:");
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET autoinstall_known_extensions = false");
      statement.execute("SET autoload_known_extensions = false");
      statement.execute("SET temp_directory = ''"); // else it makes a folder where we stand
      statement.execute("SET memory_limit = '1GB'");
      statement.execute("SET threads = 1");
    }
    deleteUnpackedLibrary();
    return connection.unwrap(DuckDBConnection.class);
  }

  /**
   * Deletes the copy of its native library (57 MB) that DuckDB leaves in the temporary folder until
   * the program ends, for ever if it is killed. What is mapped stays usable.
   */
  private static void deleteUnpackedLibrary() throws IOException {
    Path maps = Path.of("/proc/self/maps");
    if (!Files.isReadable(maps)) {
      return; // not Linux: the program's end deletes it
    }
    Path temporary = Path.of(System.getProperty("java.io.tmpdir")).toAbsolutePath();
    try (Stream<String> lines = Files.lines(maps)) {
      for (String path : lines.filter(line -> line.indexOf('/') > 0).toList()) {
        Path mapped = Path.of(path.substring(path.indexOf('/')));
        if (temporary.equals(mapped.getParent())
            && mapped.getFileName().toString().startsWith("libduckdb_java")) {
          Files.deleteIfExists(mapped);
        }
      }
    }
  }

  private static void create(DuckDBConnection connection, Map<String, Object> columns)
      throws SQLException {
    String definitions =
        columns.entrySet().stream()
            .map(
                column ->
                    "\"" + column.getKey().replace("\"", "\"\"") + "\" " + type(column.getValue()))
            .collect(Collectors.joining(", "));
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE columns (" + definitions + ")");
    }
  }

  private static void append(DuckDBConnection connection, List<Object> columns, int rows)
      throws SQLException {
    try (DuckDBAppender appender =
        connection.createAppender(DuckDBConnection.DEFAULT_SCHEMA, "columns")) {
      for (int row = 0; row < rows; row++) {
        appender.beginRow();
        for (Object values : columns) {
          append(appender, values, row);
        }
        appender.endRow();
      }
    }
  }

  private static void append(DuckDBAppender appender, Object values, int row) throws SQLException {
    if (values instanceof int[] ints) {
      appender.append(ints[row] == Integer.MIN_VALUE ? null : (Integer) ints[row]);
    } else if (values instanceof double[] doubles) {
      appender.append(Double.isNaN(doubles[row]) ? null : (Double) doubles[row]);
    } else if (values instanceof boolean[] booleans) {
      appender.append(booleans[row]);
    } else {
      appender.append(((String[]) values)[row]);
    }
  }

  private static String quoted(Path file) {
    return "'" + file.toString().replace("'", "''") + "'";
  }
}
