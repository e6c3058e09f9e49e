// SPDX-License-Identifier: Apache-2.0
package dev.coppice.io;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;

/** A list whose elements several threads make, in an order that does not depend on the threads. */
final class ParallelList {
  private static final int ELEMENTS_PER_TASK = 64;

  private ParallelList() {}

  /**
   * The elements {@code make.apply(0) .. make.apply(count - 1)}. When it returns or throws, no
   * thread is at work any more.
   *
   * @param threads 1 or more
   * @throws RuntimeException the first that {@code make} threw, in the order of the threads
   */
  static <T> List<T> of(int count, int threads, IntFunction<T> make) {
    List<T> results = new ArrayList<>(Collections.nCopies(count, null));
    if (threads == 1) {
      fill(results, new AtomicInteger(), make);
      return results;
    }
    AtomicInteger next = new AtomicInteger();
    ExecutorService executor = Executors.newFixedThreadPool(threads);
    try {
      List<Future<?>> futures = new ArrayList<>();
      for (int thread = 0; thread < threads; thread++) {
        futures.add(executor.submit(() -> fill(results, next, make)));
      }
      for (Future<?> future : futures) {
        future.get(); // makes what the thread wrote visible here
      }
      return results;
    } catch (ExecutionException failure) {
      if (failure.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException(failure.getCause());
    } catch (InterruptedException interruption) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while tokenising", interruption);
    } finally {
      next.set(count); // the others end after their current element range
      executor.shutdown();
      awaitEnd(executor);
    }
  }

  private static <T> void fill(List<T> results, AtomicInteger next, IntFunction<T> make) {
    int count = results.size();
    int from = next.getAndAdd(ELEMENTS_PER_TASK);
    while (from < count) {
      for (int i = from; i < Math.min(count, from + ELEMENTS_PER_TASK); i++) {
        results.set(i, make.apply(i));
      }
      from = next.getAndAdd(ELEMENTS_PER_TASK);
    }
  }

  /** Waits even if interrupted: whoever closes a native object next must be alone with it. */
  private static void awaitEnd(ExecutorService executor) {
    boolean interrupted = false;
    boolean ended = false;
    while (!ended) {
      try {
        ended = executor.awaitTermination(1, TimeUnit.MINUTES);
      } catch (InterruptedException interruption) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
