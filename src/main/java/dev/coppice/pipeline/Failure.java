// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.backend.DeviceFailureException;
import dev.coppice.backend.OutOfDeviceMemoryException;
import dev.coppice.data.ConfigException;
import dev.coppice.data.InputException;
import dev.coppice.solve.SolverException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/**
 * What a failed command tells the user and the shell.
 *
 * @param exitCode one of the constants below
 * @param message one line, complete
 * @param internal whether the fault is ours, so that a stack trace is worth keeping
 */
public record Failure(int exitCode, String message, boolean internal) {
  public static final int DONE = 0;

  /** Wrong usage or configuration. */
  public static final int USAGE = 2;

  /** Bad input data. */
  public static final int INPUT = 3;

  /** A device, library or compiler is missing. */
  public static final int ENVIRONMENT = 4;

  /** Failed while running. */
  public static final int FAILED = 5;

  /** Stopped by a signal after saving; the same command goes on. */
  public static final int STOPPED = 75;

  /** The failure that a command reports when it ended with {@code cause}. */
  public static Failure of(Throwable cause) {
    if (cause instanceof ConfigException) {
      return new Failure(USAGE, line(cause), false);
    }
    if (cause instanceof InputException) {
      return new Failure(INPUT, line(cause), false);
    }
    if (cause instanceof MissingEnvironmentException) {
      return new Failure(ENVIRONMENT, line(cause), false);
    }
    if (cause instanceof LinkageError) {
      return new Failure(
          ENVIRONMENT, "a library cannot be loaded (" + line(deepest(cause)) + ")", true);
    }
    if (cause instanceof StoppedException) {
      return new Failure(STOPPED, line(cause), false);
    }
    if (cause instanceof OutOfDeviceMemoryException) {
      String remedy = "; lower --memory or --batch, or use a machine with more memory";
      return new Failure(FAILED, line(cause) + remedy, false);
    }
    if (cause instanceof SolverException || cause instanceof DivergedException) {
      return new Failure(FAILED, line(cause), false);
    }
    if (cause instanceof DeviceFailureException) {
      return new Failure(FAILED, line(cause), true);
    }
    if (cause instanceof OutOfMemoryError) {
      String remedy = "; give more, e.g. COPPICE_JAVA_OPTS=-Xmx8g";
      return new Failure(FAILED, "out of Java memory (" + line(cause) + ")" + remedy, false);
    }
    if (cause instanceof UncheckedIOException unchecked) {
      return of(unchecked.getCause());
    }
    if (cause instanceof IOException failure) {
      return new Failure(FAILED, fileError(failure), false);
    }
    String text = cause.getClass().getSimpleName() + ": " + line(cause);
    return new Failure(FAILED, "internal error: " + text, true);
  }

  private static String fileError(IOException failure) {
    if (failure instanceof FileSystemException named && named.getFile() != null) {
      String reason =
          failure instanceof AccessDeniedException
              ? "may not be written"
              : failure instanceof NoSuchFileException
                  ? "is gone"
                  : "cannot be used (" + named.getReason() + ")";
      return named.getFile() + ": " + reason + "; check disk and permissions";
    }
    return "reading or writing failed (" + line(failure) + "); check the disk";
  }

  private static Throwable deepest(Throwable cause) {
    Throwable deepest = cause;
    while (deepest.getCause() != null) {
      deepest = deepest.getCause();
    }
    return deepest;
  }

  private static String line(Throwable cause) {
    String message =
        cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    return message.strip().replaceAll("\\s*\\R\\s*", " ");
  }
}
