// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.data.ConfigException;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What every command takes.
 *
 * @param backend where to compute
 * @param precision of the inputs of matrix products: {@code fp32}, and on CUDA {@code tf32} or
 *     {@code bf16} too
 * @param threads CPU threads
 * @param seed of every random draw
 * @param environment variables of the process, which tell where NVIDIA's libraries are; no result
 *     depends on them
 */
public record RunOptions(
    BackendChoice backend,
    String precision,
    int threads,
    long seed,
    Map<String, String> environment) {
  /** The seed where none is given. */
  public static final long SEED = 42;

  /** The precision where none is given: inputs as they are. */
  public static final String FULL = "fp32";

  private static final List<String> PRECISIONS = List.of(FULL, "tf32", "bf16");

  /** Most threads that are accepted: more is a typing error. */
  private static final int MAX_THREADS = 4096;

  /**
   * Checks every value.
   *
   * @throws ConfigException naming the option
   */
  public RunOptions {
    OptionRange.between("--threads", threads, 1, MAX_THREADS);
    OptionRange.oneOf("--precision", precision, PRECISIONS);
    if (backend != BackendChoice.AUTO && backend != BackendChoice.CUDA && !precision.equals(FULL)) {
      throw new ConfigException(
          "--precision is "
              + precision
              + ", which the backend "
              + backend.name().toLowerCase(Locale.ROOT)
              + " does not compute in; give --backend cuda, or --precision "
              + FULL);
    }
  }

  /** The same in full precision on another backend. */
  RunOptions on(BackendChoice other) {
    return new RunOptions(other, FULL, threads, seed, environment);
  }

  /** In full precision, without an environment. */
  public RunOptions(BackendChoice backend, int threads, long seed) {
    this(backend, FULL, threads, seed, Map.of());
  }
}
