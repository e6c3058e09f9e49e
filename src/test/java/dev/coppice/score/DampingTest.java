// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.data.ConfigException;
import dev.coppice.solve.SolverException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DampingTest {
  @ParameterizedTest
  @CsvSource({
    "0.25, 0.25, false",
    "0, 0, false",
    "1e-3, 0.001, false",
    "2.5E+2, 250, false",
    "0.1x, 0.1, true",
    "1X, 1, true",
    ".5x, 0.5, true",
    "1e-4 x, 0.0001, true",
    "' 3. ', 3, false"
  })
  void readsNumbersAndMultiples(String text, double value, boolean relative) {
    Damping damping = Damping.parse(text);
    assertEquals(new Damping(value, relative), damping);
    assertEquals(damping, Damping.parse(damping.toString()));
  }

  @Test
  void writesWhatAReaderWouldWrite() {
    assertEquals("0.25", Damping.absolute(0.25).toString());
    assertEquals("0.1x", Damping.relative(0.1).toString());
    assertEquals("1x", Damping.parse("1.0X").toString());
    assertEquals("10", Damping.parse("1e1").toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "x", "-1", "-0.1x", "NaN", "Infinity", "1e999", "0.1xx", "0x10", "1d", "1,5"})
  void refusesWhatIsNeither(String text) {
    String message = assertThrows(ConfigException.class, () -> Damping.parse(text)).getMessage();
    assertTrue(message.startsWith("--damping is "), message);
    assertTrue(message.contains("; give a number") && message.contains("0.1x"), message);
  }

  @Test
  void multipliesTheLargestEigenvalue() {
    assertEquals(0.25, Damping.absolute(0.25).at(-7));
    assertEquals(0.0022, Damping.relative(0.1).at(0.022), 1e-18);
    for (double largest : new double[] {0, -1, Double.NaN}) {
      SolverException failure =
          assertThrows(SolverException.class, () -> Damping.relative(0.1).at(largest));
      assertTrue(failure.getMessage().contains("--damping"), failure.getMessage());
    }
  }
}
