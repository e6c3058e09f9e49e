// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NumbersTest {
  /** The right column is what C's printf("%.17g") prints. */
  @ParameterizedTest
  @CsvSource({
    "0.1, 0.10000000000000001",
    "483, 483",
    "-0.0, -0",
    "0.0, 0",
    "1e16, 10000000000000000",
    "1e17, 1e+17",
    "123456789012345678, 1.2345678901234568e+17",
    "0.0001, 0.0001",
    "0.00001, 1.0000000000000001e-05",
    "-2.5e-7, -2.4999999999999999e-07",
    "1e100, 1e+100",
    "4.9e-324, 4.9406564584124654e-324",
    "1.7976931348623157e308, 1.7976931348623157e+308",
    "0.52987516385082878, 0.52987516385082878"
  })
  void formatsAsCDoes(double value, String expected) {
    assertEquals(expected, Numbers.format(value));
  }

  @Test
  void readsBackEveryBit() {
    Random random = new Random(1);
    for (int i = 0; i < 20_000; i++) {
      double value = Double.longBitsToDouble(random.nextLong());
      if (Double.isFinite(value)) {
        assertEquals(value, Numbers.decimal(Numbers.format(value)));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0,0",
    "17332,17332",
    "007,7",
    "-1,-1",
    "1.0,-1",
    "'',-1",
    "+1,-1",
    "1234567890123456789,-1"
  })
  void parsesDigitsOnly(String text, long expected) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    assertEquals(expected, Numbers.parse(bytes, 0, bytes.length));
  }

  @ParameterizedTest
  @CsvSource({
    "nan",
    "NaN",
    "inf",
    "Infinity",
    "0x1p3",
    "1d",
    "1f",
    "' 1'",
    "''",
    "1e",
    "--1",
    "1-"
  })
  void decimalRefusesWhatOnlyJavaCallsANumber(String text) {
    assertTrue(Double.isNaN(Numbers.decimal(text)), text);
  }
}
