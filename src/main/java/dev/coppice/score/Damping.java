// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.data.ConfigException;
import dev.coppice.solve.SolverException;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * The ridge lambda added to the curvature matrix H: a number, or a multiple of H's largest
 * eigenvalue, so that it means the same to matrices of any scale.
 *
 * @param value lambda, or lambda over the largest eigenvalue; finite, 0 or more
 * @param relative which of the two
 */
public record Damping(double value, boolean relative) {
  private static final Pattern NUMBER =
      Pattern.compile("(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d{1,3})?");

  /**
   * Checks the number.
   *
   * @throws ConfigException if it is negative or not finite
   */
  public Damping {
    if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
      throw refused(Double.toString(value));
    }
  }

  /** A number in units of H. */
  public static Damping absolute(double value) {
    return new Damping(value, false);
  }

  /** A multiple of H's largest eigenvalue. */
  public static Damping relative(double value) {
    return new Damping(value, true);
  }

  /**
   * Reads {@code 0.25} or {@code 0.1x}.
   *
   * @throws ConfigException if it is neither
   */
  public static Damping parse(String text) {
    String lower = text.strip().toLowerCase(Locale.ROOT);
    boolean relative = lower.endsWith("x");
    String number = relative ? lower.substring(0, lower.length() - 1).stripTrailing() : lower;
    if (!NUMBER.matcher(number).matches()) {
      throw refused(text);
    }
    return new Damping(Double.parseDouble(number), relative);
  }

  private static ConfigException refused(String text) {
    return new ConfigException(
        "--damping is "
            + text
            + "; give a number of 0 or more such as 0.25, or a multiple of the largest eigenvalue"
            + " such as 0.1x");
  }

  /**
   * lambda for a matrix.
   *
   * @param largest its largest eigenvalue; only read if relative
   * @throws SolverException if this is a multiple of an eigenvalue that is not positive
   */
  public double at(double largest) {
    if (relative && !(largest > 0)) {
      throw new SolverException(
          "the largest eigenvalue is "
              + largest
              + ", so a damping of "
              + this
              + " means nothing; give --damping a number such as 0.25");
    }
    return relative ? value * largest : value;
  }

  /** As {@link #parse} reads it. */
  @Override
  public String toString() {
    return Double.toString(value).replaceFirst("\\.0$", "") + (relative ? "x" : "");
  }
}
