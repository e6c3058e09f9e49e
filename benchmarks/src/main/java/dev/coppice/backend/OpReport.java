// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.benchmarks.Machine;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/**
 * Runs {@link OpBenchmark} for each operation and size and prints what share of the machine's
 * measured rates it reaches: of the best matrix product, and of the best copy. Arguments that fit a
 * cache can exceed the copy rate. Ends with 1 if an operation is missing or gives a wrong result.
 */
@CommandLine.Command(name = "run.sh", mixinStandardHelpOptions = true, sortOptions = false)
public final class OpReport implements Callable<Integer> {
  @Option(names = "--ops", split = ";", description = "names; default all, --list shows them")
  private List<String> ops = List.of();

  @Option(
      names = "--sizes",
      split = ",",
      defaultValue = "real,large",
      description = "or small, or card: beyond the caches of a GPU")
  private List<String> sizes;

  @Option(
      names = "--device",
      defaultValue = "cpu",
      description = "or cuda; small also on reference, and --smoke on emulated")
  private String device;

  @Option(names = "--probe", description = "says what the device is, and does nothing else")
  private boolean probe;

  @Option(names = "--threads", defaultValue = "2", description = "of the cpu device")
  private int threads;

  @Option(names = "--list", description = "names the operations, and times none")
  private boolean list;

  @Option(names = "--smoke", description = "every operation once, small: are the results right?")
  private boolean smoke;

  @Option(
      names = "--products",
      description = "matrix products beside those of OpenBLAS, and nothing else")
  private boolean products;

  @Option(
      names = "--while-timing",
      split = " ",
      paramLabel = "CMD",
      description = "runs its arguments when the machine is free, as `flock FILE` does")
  private List<String> whileTiming = List.of();

  @Option(names = "--json", description = "writes the table there as well")
  private Path json;

  @Option(names = "--results", description = "writes ops-MACHINE.json into that folder")
  private Path results;

  @Option(names = "--commit", defaultValue = "unknown", hidden = true)
  private String commit;

  private static final int MISSING_ENVIRONMENT = 4;
  private static final int QUEUED = 20;

  private final PrintStream out = System.out;
  private final ObjectMapper mapper = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  private final ObjectNode report = mapper.createObjectNode();
  private String description;
  private int failures;

  private OpReport() {}

  /** Runs the benchmark; {@code --help} lists the options. */
  public static void main(String[] args) {
    System.exit(new CommandLine(new OpReport()).execute(args));
  }

  @Override
  public Integer call() throws IOException {
    if (!device.equals("reference")) {
      try (Backend backend = OpBenchmark.open(device, threads)) {
        description = backend.description();
      } catch (UnsupportedOperationException missing) {
        System.err.println(device + " is not available: " + missing.getMessage());
        return MISSING_ENVIRONMENT;
      }
    }
    if (probe) {
      out.println(description);
      return 0;
    }
    OpTable.missing().forEach(name -> out.println("NO BENCHMARK of " + name));
    Collection<String> names = ops.isEmpty() ? OpTable.names() : ops;
    if (list) {
      names.forEach(out::println);
    } else if (products) {
      new Machine(List.of(), whileTiming).timing(this::compareProducts);
    } else if (smoke) {
      names.forEach(this::checkOnly);
      out.println(names.size() + " calls of operations checked, " + failures + " failed");
    } else {
      time(names);
    }
    return failures + OpTable.missing().size() == 0 ? 0 : 1;
  }

  private Void compareProducts() {
    Products.print(out, threads);
    return null;
  }

  private void checkOnly(String name) {
    OpBenchmark benchmark = new OpBenchmark();
    benchmark.op = name;
    benchmark.size = "small";
    benchmark.device = device;
    benchmark.threads = threads;
    benchmark.calls = 1;
    try {
      benchmark.place();
      benchmark.call();
      benchmark.free();
      if (device.equals("cpu")) {
        checkCost(OpTable.at(name, OpSize.named("small")));
      }
    } catch (AssertionError wrong) {
      failed(wrong);
    }
  }

  /** What a watched call costs by its arguments is what the table says of it. */
  private void checkCost(TimedOp op) {
    try (Backend backend = OpBenchmark.open(device, threads)) {
      TimedOperations operations = new TimedOperations(backend, 1, (method, args) -> method);
      try (PlacedOp placed = new PlacedOp(operations.watched(), op.call())) {
        placed.call(1);
      }
      for (TimedOperations.Sum sum : TimedOperations.byName(operations.parts())) {
        if (OpCosts.counts(sum.method())
            && (sum.flops() != op.flop() || sum.bytes() != op.bytes())) {
          throw new AssertionError(
              "%s: %.0f flop and %.0f bytes by its arguments, %.0f and %.0f by the table"
                  .formatted(op.name(), sum.flops(), sum.bytes(), op.flop(), op.bytes()));
        }
      }
    }
  }

  private void failed(Throwable wrong) {
    failures++;
    out.println("WRONG " + wrong.getMessage());
  }

  private void time(Collection<String> names) throws IOException {
    Machine machine = new Machine(List.of(), whileTiming);
    NativeBackend.Device rated = rated();
    Rates rates = machine.timing(() -> Rates.measured(rated, threads));
    out.printf(
        Locale.ROOT,
        "measured: sgemm %.1f GFLOP/s by OpenBLAS, %.1f by the engine; copy %.1f GB/s%n",
        rates.openblasFlops() * 1e-9,
        rates.ownFlops() * 1e-9,
        rates.copyBytes() * 1e-9);
    report.put("date", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    report.put("commit", commit).put("device", device).put("threads", threads);
    report.put("description", description).put("callsQueued", calls());
    report.set("machine", mapper.valueToTree(Machine.facts()));
    report.set("rates", mapper.valueToTree(rates));
    out.printf(
        "%-34s %-6s %10s %9s %9s %9s %7s %7s%n",
        "operation", "size", "us", "GFLOP", "GFLOP/s", "GB/s", "% gemm", "% copy");
    for (String size : sizes) {
      for (String name : names) {
        try {
          double micros = machine.timing(() -> micros(name, size));
          line(OpTable.at(name, OpSize.named(size)), size, micros, rates);
        } catch (IllegalStateException wrong) {
          failed(wrong);
        }
      }
    }
    if (results != null) {
      json = results.resolve("ops-" + Machine.type(rated, description) + ".json");
    }
    if (json != null) {
      Files.createDirectories(json.toAbsolutePath().getParent());
      mapper.writeValue(json.toFile(), report);
      out.println("written to " + json);
    }
  }

  /** The reference is held against the rates of the CPU. */
  private NativeBackend.Device rated() {
    return device.equals("cuda") ? NativeBackend.Device.CUDA : NativeBackend.Device.CPU;
  }

  /** A GPU's calls are queued, as in a run, where nothing waits for a single one. */
  private int calls() {
    return device.equals("cuda") ? QUEUED : 1;
  }

  /** Microseconds of a call, in a Java machine of its own. */
  private double micros(String name, String size) {
    Options options =
        new OptionsBuilder()
            .include(OpBenchmark.class.getName() + ".call")
            .param("op", name)
            .param("size", size)
            .param("device", device)
            .param("threads", Integer.toString(threads))
            .param("calls", Integer.toString(calls()))
            .jvmArgsAppend(size.equals("card") ? "-Xmx48g" : "-Xmx8g", "-XX:+UseSerialGC")
            .shouldFailOnError(true)
            .verbosity(VerboseMode.SILENT)
            .build();
    try {
      RunResult result = new Runner(options).runSingle();
      return result.getPrimaryResult().getScore() / calls();
    } catch (RunnerException wrong) {
      throw new IllegalStateException(name + " at size " + size + ": " + wrong, wrong);
    }
  }

  private void line(TimedOp op, String size, double micros, Rates rates) {
    double flops = op.flop() / micros * 1e6;
    double bytes = op.bytes() / micros * 1e6;
    double ofGemm = 100 * flops / rates.flops();
    double ofCopy = 100 * bytes / rates.copyBytes();
    out.printf(
        Locale.ROOT,
        "%-34s %-6s %10.1f %9.4f %9.2f %9.2f %7.1f %7.1f%n",
        op.name(),
        size,
        micros,
        op.flop() * 1e-9,
        flops * 1e-9,
        bytes * 1e-9,
        ofGemm,
        ofCopy);
    report
        .withArray("operations")
        .addObject()
        .put("operation", op.name())
        .put("size", size)
        .put("micros", micros)
        .put("flop", op.flop())
        .put("bytes", op.bytes())
        .put("percentOfGemm", ofGemm)
        .put("percentOfCopy", ofCopy);
  }
}
