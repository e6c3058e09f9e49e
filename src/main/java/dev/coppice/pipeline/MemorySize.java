// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.data.ConfigException;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Amounts of memory as people write them: {@code 8GiB}, {@code 512MiB}, {@code 1000000}. */
public final class MemorySize {
  private static final Pattern FORM =
      Pattern.compile("(\\d{1,12}(?:\\.\\d{1,6})?)\\s*([KMGT]?)(i?B)?", Pattern.CASE_INSENSITIVE);
  private static final Map<String, Long> BINARY =
      Map.of("", 1L, "K", 1L << 10, "M", 1L << 20, "G", 1L << 30, "T", 1L << 40);
  private static final Map<String, Long> DECIMAL =
      Map.of("", 1L, "K", 1_000L, "M", 1_000_000L, "G", 1_000_000_000L, "T", 1_000_000_000_000L);

  private MemorySize() {}

  /**
   * Bytes of an amount: {@code G} and {@code GiB} are 2^30, {@code GB} is 10^9; likewise K, M, T.
   *
   * @param option name of the option that gave the text
   * @throws ConfigException if it is no amount
   */
  public static long parse(String option, String text) {
    Matcher form = FORM.matcher(text.strip());
    if (!form.matches()) {
      throw new ConfigException(option + " is \"" + text + "\"; give an amount like 8GiB");
    }
    boolean decimal = "B".equalsIgnoreCase(form.group(3)) && !form.group(2).isEmpty();
    String prefix = form.group(2).toUpperCase(Locale.ROOT);
    double bytes = Double.parseDouble(form.group(1)) * (decimal ? DECIMAL : BINARY).get(prefix);
    if (bytes > Long.MAX_VALUE / 2) {
      throw new ConfigException(option + " is \"" + text + "\"; give less");
    }
    return (long) bytes;
  }

  /** An amount for people, e.g. {@code 7.8 GiB}. */
  public static String format(long bytes) {
    String[] units = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    double value = bytes;
    int unit = 0;
    while (value >= 1024 && unit < units.length - 1) {
      value /= 1024;
      unit++;
    }
    return unit == 0 ? bytes + " bytes" : String.format(Locale.ROOT, "%.1f %s", value, units[unit]);
  }
}
