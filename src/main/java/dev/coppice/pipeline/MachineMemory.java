// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The memory that this process has and can still get. */
final class MachineMemory {
  private static final Pattern AVAILABLE = Pattern.compile("MemAvailable:\\s+(\\d{1,15}) kB");

  private static final Pattern ANONYMOUS = Pattern.compile("RssAnon:\\s+(\\d{1,15}) kB");

  private MachineMemory() {}

  /**
   * Refuses a workspace that the machine cannot hold.
   *
   * @param bytes of the workspace
   * @param held bytes of it that the process has already
   * @throws MissingEnvironmentException saying how much there is
   */
  static void require(long bytes, long held) {
    require(bytes, held, available());
  }

  static void require(long bytes, long held, OptionalLong available) {
    if (available.isPresent() && bytes - held > available.getAsLong()) {
      long most = available.getAsLong() + held;
      throw new MissingEnvironmentException(
          "the pass takes "
              + MemorySize.format(bytes)
              + " of memory and "
              + MemorySize.format(most)
              + " are free; give --memory "
              + Math.max(1, most >> 20)
              + "MiB or less");
    }
  }

  /** Memory of this process that is no file's; 0 if unknown. */
  static long anonymous() {
    Matcher matcher = ANONYMOUS.matcher(read(Path.of("/proc/self/status")));
    return matcher.find() ? Long.parseLong(matcher.group(1)) << 10 : 0;
  }

  /** What is free by the system's account and the process's control groups; empty if unknown. */
  static OptionalLong available() {
    Matcher matcher = AVAILABLE.matcher(read(Path.of("/proc/meminfo")));
    if (!matcher.find()) {
      return OptionalLong.empty();
    }
    long free = Long.parseLong(matcher.group(1)) << 10;
    OptionalLong group =
        ControlGroup.free(Path.of("/sys/fs/cgroup"), read(Path.of("/proc/self/cgroup")));
    return OptionalLong.of(Math.min(free, group.orElse(Long.MAX_VALUE)));
  }

  /** Content of a file of the system's; empty if it cannot be read. */
  static String read(Path file) {
    try {
      return Files.isReadable(file) ? Files.readString(file) : "";
    } catch (IOException unreadable) {
      return ""; // not Linux, or a control group that is not ours to read
    }
  }
}
