// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How much memory control groups leave, as the system's files tell. */
class ControlGroupTest {
  @TempDir Path mounted;

  private void write(String file, String text) throws IOException {
    Path path = mounted.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text + "\n");
  }

  @Test
  void secondVersionCountsTheTightestOfTheGroupsAbove() throws IOException {
    String own = "0::/job/step\n";
    assertEquals(OptionalLong.empty(), ControlGroup.free(mounted, own));
    write("job/step/memory.max", "max");
    assertEquals(OptionalLong.empty(), ControlGroup.free(mounted, own));
    write("job/memory.max", "1000");
    write("job/memory.current", "700");
    assertEquals(OptionalLong.of(300), ControlGroup.free(mounted, own));
    write("job/memory.stat", "anon 100\nfile 550\nkernel 50");
    assertEquals(OptionalLong.of(850), ControlGroup.free(mounted, own));
    write("job/step/memory.max", "400");
    write("job/step/memory.current", "500");
    assertEquals(OptionalLong.of(0), ControlGroup.free(mounted, own));
  }

  @Test
  void firstVersionHasAFolderOfItsOwn() throws IOException {
    write("memory/job/memory.limit_in_bytes", "1000");
    write("memory/job/memory.usage_in_bytes", "600");
    write("memory/job/memory.stat", "cache 1\ntotal_cache 200");
    write("memory/memory.limit_in_bytes", "9223372036854771712"); // no limit
    String own = "9:cpu,cpuacct:/job\n4:memory:/job\n0::/job\n";
    assertEquals(OptionalLong.of(600), ControlGroup.free(mounted, own));
    assertEquals(OptionalLong.empty(), ControlGroup.free(mounted, "9:cpu:/job\n"));
  }

  @Test
  void aGroupThatIsNotToBeSeenLeavesTheRootOfTheContainer() throws IOException {
    write("memory.max", "1000");
    write("memory.current", "100");
    assertEquals(OptionalLong.of(900), ControlGroup.free(mounted, "0::/outside/of/it\n"));
    assertEquals(OptionalLong.of(900), ControlGroup.free(mounted, "0::/../elsewhere\n0::/\n"));
  }
}
