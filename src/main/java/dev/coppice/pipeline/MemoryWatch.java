// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryUsage;
import java.util.Optional;
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
   * The most there will be when more is used than now; garbage is let go of first. The old
   * generation grows to what lives in it and twice what comes and goes: what is at work, and what
   * was before.
   *
   * @param nativeBytes to come outside of Java's heap
   * @param passing bytes of Java's heap that come and go
   * @param staying bytes of Java's heap that come and stay
   */
  long plannedBytes(long nativeBytes, long passing, long staying) {
    System.gc();
    long now = look();
    long heap = oldGeneration().map(old -> room(old, 2 * passing + staying)).orElse(0L);
    return now == 0 ? 0 : Math.max(peakBytes(), now + nativeBytes + heap);
  }

  private static long room(MemoryUsage old, long more) {
    return Math.max(0, old.getUsed() + more - old.getCommitted());
  }

  private static Optional<MemoryUsage> oldGeneration() {
    return ManagementFactory.getMemoryPoolMXBeans().stream()
        .filter(pool -> pool.getName().matches(".*(Tenured|Old).*"))
        .map(MemoryPoolMXBean::getUsage)
        .findFirst();
  }

  /** Ends watching. */
  @Override
  public void close() {
    clock.shutdownNow();
  }
}
