// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** A pass that the machine has no memory for is refused, saying what would fit. */
class MachineMemoryTest {
  private static final long MIB = 1 << 20;

  private static void require(long bytes, long held, long free) {
    MachineMemory.require(bytes, held, OptionalLong.of(free));
  }

  @Test
  void refusesMoreThanIsFree() {
    MissingEnvironmentException refused =
        assertThrows(
            MissingEnvironmentException.class, () -> require(101 * MIB, 20 * MIB, 80 * MIB));
    assertEquals(
        "the pass takes 101.0 MiB of memory and 100.0 MiB are free; give --memory 100MiB or less",
        refused.getMessage());
    require(100 * MIB, 20 * MIB, 80 * MIB);
    require(Long.MAX_VALUE, 0, Long.MAX_VALUE);
    MachineMemory.require(Long.MAX_VALUE, 0, OptionalLong.empty());
  }
}
