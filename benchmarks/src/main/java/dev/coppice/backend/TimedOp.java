// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

/**
 * An operation's call at one size, and what it costs.
 *
 * @param name the operation's method, then the form where there are several
 * @param call with its arguments
 * @param flop floating-point operations, as {@link OpCosts} counts them
 * @param bytes read and written, each argument once
 */
record TimedOp(String name, OpCase call, double flop, double bytes) {

  /** With the bytes of all arguments, in-out ones twice. */
  static TimedOp of(String name, OpCase call, double flop) {
    double bytes = 0;
    for (OpCase.Arg arg : call.args.values()) {
      int width = arg.half() ? 2 : 4;
      bytes += (double) arg.size() * width * (arg.role() == OpCase.Role.INOUT ? 2 : 1);
    }
    return new TimedOp(name, call, flop, bytes);
  }

  /** An operation that does the same for each of so many elements. */
  static TimedOp each(String name, OpCase call, double elements) {
    return of(name, call, OpCosts.each(method(name)) * elements);
  }

  /** With other bytes, where an operation touches a part of an argument, or some of it twice. */
  TimedOp touching(double others) {
    return new TimedOp(name, call, flop, others);
  }

  /** The interface's method. */
  String method() {
    return method(name);
  }

  private static String method(String name) {
    int space = name.indexOf(' ');
    return space < 0 ? name : name.substring(0, space);
  }
}
