// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.data.InputException;
import dev.coppice.data.Scores;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScoreCsvTest {
  @TempDir Path folder;

  @Test
  void writesAscendingSamplesWithSeventeenDigits() throws IOException {
    Map<String, double[]> columns = new LinkedHashMap<>();
    columns.put("influence", new double[] {0.1, -2, 1e-9});
    columns.put("tokens", new double[] {483, 512, 20});
    Path file = folder.resolve("s.csv");
    ScoreCsv.write(file, Scores.of(new int[] {7, 0, 3}, columns));
    assertEquals(
        "sample,influence,tokens\n"
            + "0,-2,512\n3,1.0000000000000001e-09,20\n7,0.10000000000000001,483\n",
        Files.readString(file));
  }

  @Test
  void readsBackEveryBit() throws IOException {
    Random random = new Random(3);
    int[] samples = new int[5000];
    double[] values = new double[samples.length];
    for (int i = 0; i < samples.length; i++) {
      samples[i] = 3 * i;
      values[i] = random.nextGaussian() * Math.pow(10, random.nextInt(40) - 20);
    }
    Path file = folder.resolve("s.csv");
    ScoreCsv.write(file, Scores.of(samples, Map.of("effort", values)));
    Scores read = ScoreCsv.read(file);
    assertArrayEquals(samples, read.samples());
    assertArrayEquals(values, read.column("effort"));
  }

  @Test
  void readsRowsAndColumnsInAnyOrder() throws IOException {
    Path file =
        Files.writeString(folder.resolve("s.csv"), "loss,sample,effort\r\n1,9,2e0\n3,4,-.5");
    Scores scores = ScoreCsv.read(file);
    assertEquals(List.of("loss", "effort"), List.copyOf(scores.names()));
    assertArrayEquals(new int[] {4, 9}, scores.samples());
    assertArrayEquals(new double[] {-0.5, 2}, scores.column("effort"));
  }

  @Test
  void doesNotLookAtColumnsThatAreNotWanted() throws IOException {
    Path file = Files.writeString(folder.resolve("s.csv"), "sample,title,effort\n3,nan,4\n");
    Scores scores = ScoreCsv.read(file, Set.of("influence", "effort"));
    assertEquals(Set.of("effort"), scores.names());
    assertEquals(4, scores.column("effort")[0]);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'' | 0 | is empty",
        "influence~1~ | 1 | no column sample",
        "sample,a,a~1,2,3~ | 1 | column \"a\" appears twice",
        "sample,~1,2~ | 1 | a column has no name",
        "sample,effort~1,2~x,2~ | 3 | \"x\" is not a sample id",
        "sample,effort~-1,2~ | 2 | \"-1\" is not a sample id",
        "sample,effort~4294967297,2~ | 2 | is not a sample id",
        "sample,effort~1,2~1,3~ | 3 | sample 1 again, first on line 2",
        "sample,effort~1,nan~ | 2 | column \"effort\" of sample 1 is \"nan\"",
        "sample,effort~1,-inf~ | 2 | column \"effort\" of sample 1 is \"-inf\"",
        "sample,effort~1,1e999~ | 2 | no finite number",
        "sample,effort~1,~ | 2 | column \"effort\" of sample 1 is \"\"",
        "sample,effort~1~ | 2 | 1 fields where the header has 2",
        "sample,effort~1,2,3~ | 2 | 3 fields where the header has 2",
        "sample,effort~1,2~~ | 3 | 1 fields where the header has 2",
      })
  void namesTheLineThatIsWrong(String contents, int line, String part) throws IOException {
    Path file = Files.writeString(folder.resolve("s.csv"), contents.replace('~', '\n'));
    String message = assertThrows(InputException.class, () -> ScoreCsv.read(file)).getMessage();
    assertTrue(message.startsWith(file + (line == 0 ? ": " : ":" + line + ": ")), message);
    assertTrue(message.contains(part), message);
  }
}
