// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/** Backends of this machine that replay graphs, for tests of what uses them. */
public final class BackendsWithGraphs {
  private BackendsWithGraphs() {}

  /**
   * By label: the GPU, the emulated device in the orders of {@code coppice.schedules}, and with
   * products by the double of cuBLAS; the caller closes what it opens.
   */
  public static Map<String, Supplier<Backend>> all() {
    Map<String, Supplier<Backend>> found = new LinkedHashMap<>();
    Backends.withCublas().forEach(candidate -> found.put(candidate.label(), candidate::open));
    for (Backends.Candidate candidate : Backends.available()) {
      if (!candidate.kind().equals(NativeBackend.Device.CPU.name())) {
        found.put(candidate.label(), candidate::open);
      }
    }
    return found;
  }
}
