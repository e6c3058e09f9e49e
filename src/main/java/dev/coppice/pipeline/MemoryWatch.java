// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Watches how much anonymous memory this process has: Java's heap and code, the workspace, thread
 * stacks, everything but mapped files. Looks 50 times a second. On a system without such an account
 * all numbers are 0.
 */
final class MemoryWatch implements AutoCloseable {
  private static final long INTERVAL_MILLIS = 20;

  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "memory-watch");
            thread.setDaemon(true);
            return thread;
          });
  private long peak;

  /** Begins to watch. */
  MemoryWatch() {
    clock.scheduleAtFixedRate(this::look, 0, INTERVAL_MILLIS, TimeUnit.MILLISECONDS);
  }

  private synchronized long look() {
    long now = MachineMemory.anonymous();
    peak = Math.max(peak, now);
    return now;
  }

  /** The most so far, in bytes. */
  long peakBytes() {
    look();
    synchronized (this) {
      return peak;
    }
  }

  /**
   * The most there will be when so much more is used than now; garbage is let go of first.
   *
   * @param bytes to come
   */
  long plannedBytes(long bytes) {
    System.gc();
    long now = look();
    return now == 0 ? 0 : Math.max(peakBytes(), now + bytes);
  }

  /** Ends watching. */
  @Override
  public void close() {
    clock.shutdownNow();
  }
}
