// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.data.ConfigException;
import java.util.List;

/** Checks of option values; a refusal names the option and what is allowed. */
final class OptionRange {
  private OptionRange() {}

  static void atLeast(String option, long value, long least) {
    if (value < least) {
      throw new ConfigException(option + " is " + value + "; give " + least + " or more");
    }
  }

  static void between(String option, long value, long least, long most) {
    if (value < least || value > most) {
      throw new ConfigException(option + " is " + value + "; give " + least + " to " + most);
    }
  }

  /** {@code value} must lie in (above, most]; infinite and NaN never do. */
  static void above(String option, double value, double above, double most) {
    if (!(value > above && value <= most)) {
      String limit = most == Double.MAX_VALUE ? "" : " and at most " + most;
      throw new ConfigException(option + " is " + value + "; give more than " + above + limit);
    }
  }

  /** {@code value} must lie in [least, below); infinite and NaN never do. */
  static void from(String option, double value, double least, double below) {
    if (!(value >= least && value < below)) {
      String limit = below == Double.POSITIVE_INFINITY ? " or more" : " to below " + below;
      throw new ConfigException(option + " is " + value + "; give " + least + limit);
    }
  }

  static void oneOf(String option, String value, List<String> allowed) {
    if (!allowed.contains(value)) {
      throw new ConfigException(
          option + " is " + value + "; give one of " + String.join(", ", allowed));
    }
  }
}
