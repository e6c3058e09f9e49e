// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import dev.coppice.pipeline.Failure;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import picocli.CommandLine;

/** Tells the user why a command failed: one line, and a stack trace only where it is our fault. */
final class FailureReport {
  private final Session session;

  FailureReport(Session session) {
    this.session = session;
  }

  /** Tells of arguments that cannot be; exit code 2. */
  int usage(String message, CommandLine command) {
    String line = message.strip().replaceAll("\\s*\\R\\s*", " ");
    String help = "; see " + command.getCommandSpec().qualifiedName() + " --help";
    session.failed(Failure.USAGE, line + help);
    return Failure.USAGE;
  }

  /** Tells of a failure; its exit code. */
  int failed(Throwable cause, UnaryOperator<String> message) {
    Failure failure = Failure.of(cause);
    String line = message.apply(failure.message());
    if (failure.internal()) {
      line += trace(cause);
    }
    session.failed(failure.exitCode(), line);
    if (session.verbose()) {
      cause.printStackTrace(session.err());
    }
    return failure.exitCode();
  }

  private static String trace(Throwable cause) {
    StringWriter text = new StringWriter();
    cause.printStackTrace(new PrintWriter(text, true));
    try {
      Path file = Files.createTempFile("coppice-", ".trace");
      Files.writeString(file, text.toString(), StandardCharsets.UTF_8);
      return "; the stack trace is in " + file;
    } catch (IOException unwritable) {
      return "; run again with --verbose for the stack trace";
    }
  }
}
