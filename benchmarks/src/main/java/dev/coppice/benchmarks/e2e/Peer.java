// SPDX-License-Identifier: Apache-2.0
package dev.coppice.benchmarks.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A PyTorch program that waits for requests, JSON lines both ways. */
final class Peer implements AutoCloseable {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** Which program, how it is run, and its column. */
  enum Kind {
    PUBLISHED("sasrec_published.py", "(a) published", false, "torch"),
    TUNED("sasrec_tuned.py", "(b) tuned", false, "torch"),
    TUNED1("sasrec_tuned.py", "(c) tuned, one BLAS thread", true, "torch"),
    VMAP("sasrec_vmap.py", "(d) vmap, one BLAS thread", true, "torch.func or functorch");

    final String program;
    final String column;
    final boolean oneBlasThread;
    final String needs;

    Kind(String program, String column, boolean oneBlasThread, String needs) {
      this.program = program;
      this.column = column;
      this.oneBlasThread = oneBlasThread;
      this.needs = needs;
    }

    /** Its letter. */
    String letter() {
      return column.substring(0, 3);
    }

    /** Its name for {@code --peers} and in the results. */
    String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final Kind kind;
  private final Process process;
  private final BufferedReader answers;
  private final BufferedWriter requests;
  private final JsonNode facts;

  /**
   * How peers are started.
   *
   * @param python interpreter with torch
   * @param folder of the programs
   * @param device that they compute on, {@code cpu} or {@code cuda}
   * @param oneBlasThread of all of them; else of those that have it in any case
   */
  record Setup(String python, Path folder, int threads, String device, boolean oneBlasThread) {
    /** Whether what a program needs can be imported, for the device. */
    boolean available(Kind kind) throws IOException {
      String found = device.equals("cpu") ? "" : "assert torch.cuda.is_available()\n";
      String test = "import torch\n" + found;
      if (kind == Kind.VMAP) {
        test += "try:\n  import torch.func\nexcept ImportError:\n  import functorch\n";
      }
      ProcessBuilder builder = new ProcessBuilder(python, "-c", test);
      builder.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD);
      try {
        return builder.start().waitFor() == 0;
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        return false;
      } catch (IOException missing) {
        return false; // no such interpreter
      }
    }
  }

  /** Starts a program on a data folder and waits until it is ready. */
  Peer(Kind kind, Setup setup, Path data, Path negatives, Path surrogate) throws IOException {
    this.kind = kind;
    List<String> command =
        new ArrayList<>(List.of(setup.python, setup.folder.resolve(kind.program).toString()));
    command.addAll(List.of("--data", data.toString(), "--negatives", negatives.toString()));
    command.addAll(List.of("--surrogate", surrogate.toString(), "--threads", "" + setup.threads));
    command.addAll(List.of("--device", setup.device));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder
        .environment()
        .keySet()
        .removeIf(name -> name.startsWith("OMP_") || name.startsWith("GOMP_"));
    // As installed: what limits the engine's own threads must not reach them.
    builder.environment().keySet().removeIf(name -> name.matches("(OMP|GOMP|OPENBLAS|MKL)_.*"));
    if (kind.oneBlasThread || setup.oneBlasThread) {
      builder.environment().put("OPENBLAS_NUM_THREADS", "1");
    }
    process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    answers = process.inputReader(StandardCharsets.UTF_8);
    requests = process.outputWriter(StandardCharsets.UTF_8);
    facts = answer().get("ready");
  }

  Kind kind() {
    return kind;
  }

  /** Versions and the BLAS in use. */
  JsonNode facts() {
    return facts;
  }

  /** Has a task done. */
  JsonNode ask(ObjectNode request) throws IOException {
    requests.write(MAPPER.writeValueAsString(request));
    requests.newLine();
    requests.flush();
    return answer();
  }

  private JsonNode answer() throws IOException {
    String line = answers.readLine();
    if (line == null) {
      throw new IOException(kind.program + " ended; what it wrote is above");
    }
    return MAPPER.readTree(line);
  }

  static ObjectNode request(String task) {
    return MAPPER.createObjectNode().put("task", task);
  }

  @Override
  public void close() throws IOException {
    requests.close();
    try {
      process.waitFor();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
