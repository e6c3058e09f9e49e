// SPDX-License-Identifier: Apache-2.0
package dev.coppice.benchmarks;

import dev.coppice.backend.NativeBackend;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Keeps a shared machine to itself while something is timed: a command such as {@code flock FILE}
 * that runs its arguments when the machine is free, and holds it until they end.
 *
 * @param whileWorking for work that is not timed; empty: none
 * @param whileTiming for timings; empty: none
 */
public record Machine(List<String> whileWorking, List<String> whileTiming) {

  /** Something to do. */
  public interface Work<T> {
    T done() throws IOException;
  }

  /** Does work that nobody times, when the machine may be used. */
  public <T> T working(Work<T> work) throws IOException {
    return holding(whileWorking, work);
  }

  /** Does work that is timed, when nobody else uses the machine. */
  public <T> T timing(Work<T> work) throws IOException {
    return holding(whileTiming, work);
  }

  private static <T> T holding(List<String> command, Work<T> work) throws IOException {
    if (command.isEmpty()) {
      return work.done();
    }
    List<String> whole = new ArrayList<>(command);
    whole.addAll(List.of("sh", "-c", "echo held; read -r line"));
    Process process =
        new ProcessBuilder(whole).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try {
      if (!"held".equals(process.inputReader(StandardCharsets.UTF_8).readLine())) {
        throw new IOException(whole + " did not run what it was given");
      }
      return work.done();
    } finally {
      process.getOutputStream().close(); // ends the read, and the hold
      waitFor(process);
    }
  }

  private static void waitFor(Process process) {
    try {
      process.waitFor();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * The name that files of results have for this machine: its processor, or its GPU.
   *
   * @param description of the backend, which of a GPU begins with the model
   */
  public static String type(NativeBackend.Device device, String description) throws IOException {
    Map<String, Object> facts = facts();
    String name =
        device == NativeBackend.Device.CPU
            ? facts.get("cpu") + "-" + facts.get("cores") + "-" + facts.get("isa")
            : description.split(",")[0];
    return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
  }

  /** What a result must be compared with: the processor and what it can do. */
  public static Map<String, Object> facts() throws IOException {
    Map<String, Object> facts = new LinkedHashMap<>();
    String cpu = "";
    String flags = "";
    for (String line : Files.readAllLines(Path.of("/proc/cpuinfo"))) {
      String value = line.substring(line.indexOf(':') + 1).trim();
      cpu = line.startsWith("model name") ? value : cpu;
      flags = line.startsWith("flags") ? " " + value + " " : flags;
    }
    String isa =
        flags.contains(" avx512f ") ? "avx512" : flags.contains(" avx2 ") ? "avx2" : "x86-64";
    facts.put("cpu", cpu);
    facts.put("isa", isa);
    facts.put("cores", Runtime.getRuntime().availableProcessors());
    facts.put("system", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    facts.put("java", System.getProperty("java.version"));
    return facts;
  }
}
