// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.data.ConfigException;

/**
 * What every command takes.
 *
 * @param backend where to compute
 * @param threads CPU threads
 * @param seed of every random draw
 */
public record RunOptions(BackendChoice backend, int threads, long seed) {
  /** The seed where none is given. */
  public static final long SEED = 42;

  /** Most threads that are accepted: more is a typing error. */
  private static final int MAX_THREADS = 4096;

  /**
   * Checks every value.
   *
   * @throws ConfigException naming the option
   */
  public RunOptions {
    OptionRange.between("--threads", threads, 1, MAX_THREADS);
  }
}
