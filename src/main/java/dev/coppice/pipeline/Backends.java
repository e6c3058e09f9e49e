// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.backend.Backend;
import dev.coppice.backend.CudaLibraries;
import dev.coppice.backend.NativeBackend;
import dev.coppice.backend.Precision;
import dev.coppice.backend.ReferenceBackend;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

/** Opens the backend that was asked for; never another one in its place. */
final class Backends {
  /**
   * An open backend.
   *
   * @param why which it is and why
   */
  record Opened(Backend backend, String why) {
    /** Says which backend it is and why: a line for people, an event for programs. */
    void tell(Progress progress) {
      progress.message(line());
      Map<String, String> facts = new LinkedHashMap<>();
      facts.put("name", backend.name());
      facts.put("device", backend.description());
      facts.put("why", why);
      progress.event("backend", facts);
    }

    private String line() {
      return "backend " + backend.name() + ": " + why;
    }
  }

  private Backends() {}

  /**
   * Fails at once, before any file is read, where the backend that is asked for by name is not
   * there.
   *
   * @throws MissingEnvironmentException with the reason and what to do
   */
  static void require(RunOptions options) {
    if (options.backend() == BackendChoice.CUDA || !options.precision().equals(RunOptions.FULL)) {
      open(options).backend().close();
    }
  }

  /**
   * Opens a backend.
   *
   * @throws MissingEnvironmentException if this machine or this build does not have it
   */
  static Opened open(RunOptions options) {
    return switch (options.backend()) {
      case REFERENCE -> new Opened(new ReferenceBackend(), "asked for; slow, in float64");
      case CPU -> new Opened(cpu(options.threads()), "asked for");
      case CUDA -> new Opened(cuda(options), "asked for");
      case AUTO ->
          options.precision().equals(RunOptions.FULL)
              ? fastest(options)
              : new Opened(only(options), "the one with --precision " + options.precision());
    };
  }

  private static Opened fastest(RunOptions options) {
    String reason;
    try {
      return new Opened(cuda(options), "the fastest that this machine has");
    } catch (MissingEnvironmentException missing) {
      reason = missing.getMessage();
    }
    return new Opened(cpu(options.threads()), "the fastest that this machine has (" + reason + ")");
  }

  private static Backend only(RunOptions options) {
    try {
      return cuda(options);
    } catch (MissingEnvironmentException missing) {
      throw new MissingEnvironmentException(
          "--precision "
              + options.precision()
              + " needs the backend cuda, and "
              + missing.getMessage());
    }
  }

  private static Backend cpu(int threads) {
    return opened("cpu", () -> new NativeBackend(NativeBackend.Device.CPU, threads));
  }

  private static Backend cuda(RunOptions options) {
    Precision precision = Precision.valueOf(options.precision().toUpperCase(Locale.ROOT));
    CudaLibraries libraries = CudaLibraries.under(options.environment());
    return opened("cuda", () -> NativeBackend.onGpu(precision, libraries));
  }

  private static Backend opened(String name, Supplier<Backend> opener) {
    try {
      return opener.get();
    } catch (UnsupportedOperationException missing) {
      throw new MissingEnvironmentException(name + " is not available: " + missing.getMessage());
    } catch (LinkageError missing) {
      throw new MissingEnvironmentException(
          name + " is not available: the native library cannot be loaded: " + reason(missing));
    }
  }

  /** The deepest cause, which JavaCPP wraps. */
  private static String reason(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return String.valueOf(cause.getMessage()).lines().findFirst().orElse("");
  }
}
