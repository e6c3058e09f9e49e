// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.backend.Backend;
import dev.coppice.backend.NativeBackend;
import dev.coppice.backend.ReferenceBackend;

/** Opens the backend that was asked for; never another one in its place. */
final class Backends {
  /**
   * An open backend.
   *
   * @param why one line for the user: which it is and why
   */
  record Opened(Backend backend, String why) {}

  private Backends() {}

  /**
   * Opens a backend.
   *
   * @param threads CPU threads it may use
   * @throws MissingEnvironmentException if this machine or this build does not have it
   */
  static Opened open(BackendChoice choice, int threads) {
    return switch (choice) {
      case REFERENCE ->
          new Opened(new ReferenceBackend(), "backend reference: asked for; slow, in float64");
      case CPU -> new Opened(device(NativeBackend.Device.CPU, threads), "backend cpu: asked for");
      case CUDA ->
          new Opened(device(NativeBackend.Device.CUDA, threads), "backend cuda: asked for");
      case AUTO -> fastest(threads);
    };
  }

  private static Opened fastest(int threads) {
    String reason;
    try {
      Backend cuda = device(NativeBackend.Device.CUDA, threads);
      return new Opened(cuda, "backend cuda: the fastest that this machine has");
    } catch (MissingEnvironmentException missing) {
      reason = missing.getMessage();
    }
    Backend cpu = device(NativeBackend.Device.CPU, threads);
    return new Opened(cpu, "backend cpu: the fastest that this machine has (" + reason + ")");
  }

  private static Backend device(NativeBackend.Device device, int threads) {
    String name = device == NativeBackend.Device.CPU ? "cpu" : "cuda";
    try {
      return new NativeBackend(device, threads);
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
