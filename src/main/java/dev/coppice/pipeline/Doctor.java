// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import com.sun.management.OperatingSystemMXBean;
import dev.coppice.backend.Backend;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Says what this machine and this build have. */
public final class Doctor {
  private Doctor() {}

  /** Versions, backends with the reason where one is missing, threads and memory. */
  public static Outcome run(RunOptions options) {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("coppice", Version.coppice());
    facts.put("java", Version.java());
    facts.put("system", Version.system());
    facts.put("javacpp", javacpp());
    facts.put("cores", Runtime.getRuntime().availableProcessors());
    facts.put("threads", options.threads());
    facts.put("heap_bytes", Runtime.getRuntime().maxMemory());
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    facts.put("memory_bytes", system.getTotalMemorySize());
    facts.put("memory_free_bytes", system.getFreeMemorySize());
    List<Map<String, Object>> backends = new ArrayList<>();
    for (BackendChoice choice : BackendChoice.values()) {
      if (choice != BackendChoice.AUTO) {
        backends.add(backend(options.on(choice)));
      }
    }
    facts.put("backends", backends);
    CudaParts cuda = CudaParts.under(options.environment());
    facts.put("cuda", cuda.facts());
    return new Outcome(lines(facts, backends, cuda), facts);
  }

  private static String javacpp() {
    Package found = org.bytedeco.javacpp.Loader.class.getPackage();
    return found.getImplementationVersion() == null ? "unknown" : found.getImplementationVersion();
  }

  private static Map<String, Object> backend(RunOptions options) {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("name", options.backend().name().toLowerCase(Locale.ROOT));
    try (Backend backend = Backends.open(options).backend()) {
      facts.put("available", true);
      facts.put("detail", backend.description());
    } catch (MissingEnvironmentException missing) {
      facts.put("available", false);
      facts.put("detail", missing.getMessage());
    }
    return facts;
  }

  private static List<String> lines(
      Map<String, Object> facts, List<Map<String, Object>> backends, CudaParts cuda) {
    List<String> lines = new ArrayList<>();
    for (String name : List.of("coppice", "java", "system", "javacpp")) {
      lines.add(String.format("%-10s %s", name, facts.get(name)));
    }
    lines.add(
        String.format("%-10s %s of %s cores", "threads", facts.get("threads"), facts.get("cores")));
    lines.add(
        String.format(
            "%-10s %s Java heap at most; machine %s, of which %s free",
            "memory",
            MemorySize.format((Long) facts.get("heap_bytes")),
            MemorySize.format((Long) facts.get("memory_bytes")),
            MemorySize.format((Long) facts.get("memory_free_bytes"))));
    for (Map<String, Object> backend : backends) {
      String available = (Boolean) backend.get("available") ? "available: " : "";
      lines.add(String.format("%-10s %s%s", backend.get("name"), available, backend.get("detail")));
      if (backend.get("name").equals("cuda")) {
        lines.addAll(cuda.lines());
      }
    }
    return lines;
  }
}
