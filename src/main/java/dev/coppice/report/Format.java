// SPDX-License-Identifier: Apache-2.0
package dev.coppice.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;

/** Numbers as a reader wants them; the page's data block has them in full. */
final class Format {
  private static final int DIGITS = 4;
  private static final int MAX_DECIMALS = 9;

  private Format() {}

  /** A whole number with commas: 45,774. */
  static String count(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  /** Four significant digits, scientific below 1e-4 and from 1e6 on: 0.01234, 12.30, 1.234e-6. */
  static String significant(double value) {
    if (!Double.isFinite(value)) {
      return Double.toString(value);
    }
    if (value == 0) {
      return "0";
    }
    double magnitude = Math.abs(value);
    if (magnitude < 1e-4 || magnitude >= 1e6) {
      String text = String.format(Locale.ROOT, "%." + (DIGITS - 1) + "e", value);
      return text.replaceFirst("e([+-])0?", "e$1").replace("e+", "e").replace('-', '\u2212');
    }
    BigDecimal rounded = new BigDecimal(value).round(new MathContext(DIGITS));
    return rounded.toPlainString().replace('-', '\u2212');
  }

  /**
   * A share in percent: 17.7 %, 2.24 %, and "&lt; 0.1 %" for what is small but not nothing. The
   * space is a narrow one that does not break.
   */
  static String percent(double share) {
    double percent = 100 * share;
    if (percent > 0 && percent < 0.1) {
      return "< 0.1\u202f%";
    }
    String format = percent >= 9.995 || percent == 0 ? "%.1f\u202f%%" : "%.2f\u202f%%";
    return String.format(Locale.ROOT, format, percent);
  }

  /** A ranking metric in the four decimals of the literature: 0.0179. */
  static String metric(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }

  /**
   * Numbers to be read below each other: as many decimals as show {@code step} in three digits.
   *
   * @param value the number
   * @param step a difference that matters, at least 0; with 0, or where decimals would be too many,
   *     as {@link #significant}
   */
  static String aligned(double value, double step) {
    int decimals =
        step > 0 ? Math.max(0, 2 - (int) Math.floor(Math.log10(step))) : MAX_DECIMALS + 1;
    if (decimals > MAX_DECIMALS || !(Math.abs(value) < 1e9)) {
      return significant(value);
    }
    return String.format(Locale.ROOT, "%,." + decimals + "f", value).replace('-', '\u2212');
  }

  /** A duration: 0.41 s, 12.3 s, 4 min 07 s, 2 h 05 min. */
  static String seconds(double seconds) {
    if (seconds < 10) {
      return String.format(Locale.ROOT, "%.2f\u202fs", seconds);
    }
    if (seconds < 100) {
      return String.format(Locale.ROOT, "%.1f\u202fs", seconds);
    }
    long whole = Math.round(seconds);
    if (whole < 3600) {
      return String.format(Locale.ROOT, "%d\u202fmin %02d\u202fs", whole / 60, whole % 60);
    }
    long minutes = Math.round(seconds / 60);
    return String.format(Locale.ROOT, "%d\u202fh %02d\u202fmin", minutes / 60, minutes % 60);
  }
}
