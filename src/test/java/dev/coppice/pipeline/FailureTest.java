// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.backend.DeviceFailureException;
import dev.coppice.backend.OutOfDeviceMemoryException;
import dev.coppice.data.ConfigException;
import dev.coppice.data.InputException;
import dev.coppice.solve.SolverException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import org.junit.jupiter.api.Test;

class FailureTest {
  private static void assertFailure(int code, boolean internal, String part, Throwable cause) {
    Failure failure = Failure.of(cause);
    assertEquals(code, failure.exitCode(), failure.message());
    assertEquals(internal, failure.internal(), failure.message());
    assertTrue(failure.message().contains(part), failure.message());
    assertFalse(failure.message().contains("\n"), failure.message());
  }

  @Test
  void givesEachKindOfFailureItsExitCode() {
    assertFailure(2, false, "--n is 0", new ConfigException("--n is 0; give 1"));
    assertFailure(3, false, "a.txt:3: bad; mend", InputException.at("a.txt", 3, "bad", "mend"));
    assertFailure(4, false, "no cuda", new MissingEnvironmentException("no cuda"));
    assertFailure(4, true, "libx.so", new UnsatisfiedLinkError("libx.so"));
    assertFailure(75, false, "again", new StoppedException("run again"));
    assertFailure(5, false, "lower --memory", new OutOfDeviceMemoryException("1 GiB"));
    assertFailure(5, true, "lost", new DeviceFailureException("lost"));
    assertFailure(5, false, "damping", new SolverException("raise the damping"));
    assertFailure(5, false, "lower lr", new DivergedException("lower lr", null));
    assertFailure(5, false, "COPPICE_JAVA_OPTS", new OutOfMemoryError("heap"));
    assertFailure(5, true, "internal error: NullPointerException", new NullPointerException());
    assertFailure(5, true, "two lines", new IllegalStateException("two\n  lines"));
  }

  @Test
  void namesTheFileThatCannotBeWritten() {
    IOException full = new FileSystemException("/x/y", null, "No space left on device");
    assertFailure(5, false, "/x/y: cannot be used (No space left on device)", full);
    assertFailure(5, false, "/x/y: may not be written", new AccessDeniedException("/x/y"));
    assertFailure(5, false, "/x/y", new UncheckedIOException(full));
    assertFailure(5, false, "disk", new IOException("Input/output error"));
  }
}
