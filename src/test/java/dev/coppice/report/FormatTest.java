// SPDX-License-Identifier: Apache-2.0
package dev.coppice.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Locale;
import org.junit.jupiter.api.Test;

class FormatTest {
  @Test
  void showsFourSignificantDigits() {
    assertEquals("0.01235", Format.significant(0.0123456));
    assertEquals("12.35", Format.significant(12.3456));
    assertEquals("\u22121.500", Format.significant(-1.4999999));
    assertEquals("0.25", Format.significant(0.25));
    assertEquals("0", Format.significant(-0.0));
    assertEquals("1.235e\u22126", Format.significant(1.23456e-6));
    assertEquals("\u22121.235e12", Format.significant(-1.23456e12));
    assertEquals("NaN", Format.significant(Double.NaN));
  }

  @Test
  void alignsNumbersByTheStepThatMatters() {
    assertEquals("0.000124", Format.aligned(0.00012368, 0.00019));
    assertEquals("\u22120.032769", Format.aligned(-0.03276891, 0.00019));
    assertEquals("1,235", Format.aligned(1234.6, 500));
    assertEquals("0.25", Format.aligned(0.25, 0), "no step: significant digits");
    assertEquals("2.500e\u221212", Format.aligned(2.5e-12, 1e-12), "too many decimals");
  }

  @Test
  void showsSharesWithoutCallingSomethingNothing() {
    assertEquals("17.7\u202f%", Format.percent(0.1767));
    assertEquals("2.22\u202f%", Format.percent(0.02222));
    assertEquals("10.0\u202f%", Format.percent(0.09996));
    assertEquals("< 0.1\u202f%", Format.percent(0.0003));
    assertEquals("0.0\u202f%", Format.percent(0));
    assertEquals("100.0\u202f%", Format.percent(1));
  }

  @Test
  void showsDurationsInTheUnitsOfTheirSize() {
    assertEquals("0.41\u202fs", Format.seconds(0.414));
    assertEquals("59.9\u202fs", Format.seconds(59.94));
    assertEquals("4\u202fmin 07\u202fs", Format.seconds(247.2));
    assertEquals("1\u202fh 00\u202fmin", Format.seconds(3599.7));
    assertEquals("2\u202fh 05\u202fmin", Format.seconds(7500));
  }

  @Test
  void doesNotDependOnTheLocale() {
    Locale before = Locale.getDefault();
    try {
      Locale.setDefault(Locale.GERMANY);
      assertEquals("45,774", Format.count(45_774));
      assertEquals("0.0179", Format.metric(0.01791));
      assertEquals("1.235e\u22126", Format.significant(1.23456e-6));
    } finally {
      Locale.setDefault(before);
    }
  }
}
