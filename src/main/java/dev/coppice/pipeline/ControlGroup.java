// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The memory that the control groups of this process, version 1 or 2, leave it: of each group from
 * its own up to the root, the limit less what is used, pages of files left out, for they can go.
 */
final class ControlGroup {
  private static final Pattern CACHE = Pattern.compile("(?m)^(?:file|total_cache) (\\d{1,18})$");

  private ControlGroup() {}

  /**
   * The least that a group leaves; empty if none has a limit.
   *
   * @param mounted where the groups are, as a rule {@code /sys/fs/cgroup}
   * @param memberships content of {@code /proc/self/cgroup}
   */
  static OptionalLong free(Path mounted, String memberships) {
    OptionalLong least = OptionalLong.empty();
    for (String membership : memberships.split("\n")) {
      String[] parts = membership.split(":", 3);
      boolean second = parts.length == 3 && parts[0].equals("0") && parts[1].isEmpty();
      boolean first = parts.length == 3 && parts[1].matches("(.*,)?memory(,.*)?");
      if (!second && !first) {
        continue;
      }
      Path root = first ? mounted.resolve("memory") : mounted;
      Path group = root.resolve(parts[2].replaceFirst("^/+", "")).normalize();
      while (group != null && group.startsWith(root)) {
        OptionalLong free =
            first
                ? free(group, "memory.limit_in_bytes", "memory.usage_in_bytes")
                : free(group, "memory.max", "memory.current");
        if (free.isPresent() && free.getAsLong() < least.orElse(Long.MAX_VALUE)) {
          least = free;
        }
        group = group.getParent();
      }
    }
    return least;
  }

  private static OptionalLong free(Path group, String limitName, String usedName) {
    Optional<Long> limit = number(group.resolve(limitName));
    Optional<Long> used = number(group.resolve(usedName));
    if (limit.isEmpty()) {
      return OptionalLong.empty();
    }
    Matcher cache = CACHE.matcher(MachineMemory.read(group.resolve("memory.stat")));
    long files = cache.find() ? Long.parseLong(cache.group(1)) : 0;
    return OptionalLong.of(Math.max(0, limit.get() - Math.max(0, used.orElse(0L) - files)));
  }

  /** What a file says; empty if it is not there or says "max". */
  private static Optional<Long> number(Path file) {
    String text = MachineMemory.read(file).strip();
    return text.matches("\\d{1,18}") ? Optional.of(Long.parseLong(text)) : Optional.empty();
  }
}
