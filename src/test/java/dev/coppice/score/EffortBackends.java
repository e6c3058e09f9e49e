// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.backend.Backend;
import dev.coppice.backend.NativeBackend;
import dev.coppice.backend.ReferenceBackend;
import java.util.List;
import java.util.stream.Stream;

/** The backends that effort scores are compared on, with the tolerance of each. */
final class EffortBackends {
  /** The parameter sets that have a name. */
  static final List<EffortParams> PARAMS =
      List.of(EffortParams.LAST_V_LORA_B, EffortParams.ALL_LORA);

  private EffortBackends() {}

  enum Kind {
    REFERENCE(1e-9),
    CPU(1e-5);

    private final double tolerance;

    Kind(double tolerance) {
      this.tolerance = tolerance;
    }

    double tolerance() {
      return tolerance;
    }

    Backend open() {
      return this == REFERENCE
          ? new ReferenceBackend()
          : new NativeBackend(NativeBackend.Device.CPU, 2);
    }
  }

  /** For work that would take the reference backend too long. */
  static Kind fastest() {
    return all().reduce((first, second) -> second).orElseThrow();
  }

  static Stream<Kind> all() {
    return Stream.of(Kind.REFERENCE, Kind.CPU);
  }
}
