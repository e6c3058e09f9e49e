// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One call of an operation of {@link OpTable}, whose results are compared with the reference's
 * before it is timed. {@link OpReport} runs all of them and prints a table; a single one: {@code
 * jmh.Main OpBenchmark -p op="gemm square" -p size=real -p device=cpu}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class OpBenchmark {
  /** Float32 sums of some thousand terms, and Adam's quotients, relative to the largest result. */
  private static final double TOLERANCE = 1e-4;

  /** Name in {@link OpTable}. */
  @Param("gemm (T,D)x(D,D)")
  public String op;

  /** Name of an {@link OpSize}. */
  @Param("real")
  public String size;

  /** {@code cpu}, {@code cuda}, {@code emulated} or {@code reference}. */
  @Param("cpu")
  public String device;

  /** Calls that are queued before one waits for them; the score is of all of them. */
  @Param("1")
  public int calls;

  /** Of the cpu device. */
  @Param("2")
  public int threads;

  private Backend backend;
  private PlacedOp placed;

  /** Places the arguments, and compares the first results with the reference's. */
  @Setup(Level.Trial)
  public void place() {
    backend = device.equals("reference") ? new ReferenceBackend() : open(device, threads);
    placed = new PlacedOp(backend, OpTable.at(op, OpSize.named(size)).call());
    placed.check(TOLERANCE);
  }

  /** A device by its name; of the emulated one the threads are the number of its schedule. */
  static Backend open(String device, int threads) {
    NativeBackend.Device which = NativeBackend.Device.valueOf(device.toUpperCase(Locale.ROOT));
    return which == NativeBackend.Device.CUDA ? onGpu() : new NativeBackend(which, threads);
  }

  /** The first GPU, with products in float32. */
  static Backend onGpu() {
    return NativeBackend.onGpu(Precision.FP32, CudaLibraries.under(System.getenv()));
  }

  /** The call, or calls. */
  @Benchmark
  public void call() {
    placed.call(calls);
  }

  /** Frees the memory. */
  @TearDown(Level.Trial)
  public void free() {
    placed.close();
    backend.close();
  }
}
