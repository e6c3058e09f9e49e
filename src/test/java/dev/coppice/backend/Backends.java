// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/** The backends that are compared with {@link ReferenceBackend}. */
final class Backends {
  private Backends() {}

  /** A backend of this machine; {@code label} tells two of one name apart. */
  record Candidate(String label, Supplier<Backend> opener) {
    Backend open() {
      return opener.get();
    }
  }

  /**
   * The CPU with one and with two threads, and CUDA where there is a device. Every candidate of one
   * name must give the same bits.
   *
   * @throws AssertionError if {@code coppice.require} names a device that cannot be opened
   */
  static List<Candidate> available() {
    List<Candidate> found = new ArrayList<>();
    for (int threads : new int[] {1, 2}) {
      found.add(
          new Candidate(
              "cpu, threads " + threads,
              () -> new NativeBackend(NativeBackend.Device.CPU, threads)));
    }
    try (Backend cuda = new NativeBackend(NativeBackend.Device.CUDA, 1)) {
      found.add(new Candidate(cuda.name(), () -> new NativeBackend(NativeBackend.Device.CUDA, 1)));
    } catch (UnsupportedOperationException e) {
      if (Arrays.asList(System.getProperty("coppice.require", "").split(",")).contains("cuda")) {
        throw new AssertionError("-Dcoppice.require=cuda, but there is no CUDA device", e);
      }
    }
    return found;
  }

  /** {@link #available} and the reference itself: for rules that hold for all. */
  static List<Candidate> all() {
    List<Candidate> found = new ArrayList<>(available());
    found.add(new Candidate("reference", ReferenceBackend::new));
    return found;
  }
}
