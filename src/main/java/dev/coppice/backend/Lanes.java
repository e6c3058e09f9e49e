// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Contexts of one thread each, side by side, for work that falls into independent pieces: nothing
 * waits within a piece, and what a piece keeps stays in its core's cache. A lane reads tensors of
 * the backend it came from as well as its own. Where a backend has no lanes ({@link
 * Backend#openLanes}), the only lane is the backend itself. Used by one thread at a time.
 */
public final class Lanes implements AutoCloseable {
  private static final int SPINS = 5000; // some 100 us

  private final List<Backend> lanes;
  private final boolean own;
  private final ExecutorService others; // of all lanes but the first, which the caller runs

  private Lanes(List<Backend> lanes, boolean own) {
    this.lanes = lanes;
    this.own = own;
    others = lanes.size() == 1 ? null : Executors.newFixedThreadPool(lanes.size() - 1, Lanes::idle);
  }

  /** Opens the lanes of a backend; close them before it. */
  public static Lanes of(Backend backend) {
    List<Backend> lanes = backend.openLanes();
    return lanes.isEmpty() ? new Lanes(List.of(backend), false) : new Lanes(lanes, true);
  }

  /** A thread that does not keep the process alive. */
  private static Thread idle(Runnable work) {
    Thread thread = new Thread(work, "lane");
    thread.setDaemon(true);
    return thread;
  }

  /** Work on one piece, by the context of one lane. */
  public interface Work {
    /**
     * Does a piece; a lane has one piece at a time, and pieces may come in any order.
     *
     * @param lane which one
     * @param piece which one
     */
    void piece(int lane, int piece);
  }

  /** Number of lanes, 1 or more. */
  public int count() {
    return lanes.size();
  }

  /** The context of a lane. */
  public Backend backend(int lane) {
    return lanes.get(lane);
  }

  /**
   * Does all pieces, 0 to {@code pieces - 1}, and returns when no lane is at work any more.
   *
   * @throws RuntimeException the first that a lane met, in the order of the lanes; the pieces that
   *     nobody had begun are left out then
   */
  public void run(int pieces, Work work) {
    AtomicInteger next = new AtomicInteger();
    List<Future<?>> running = new ArrayList<>();
    for (int lane = 1; lane < Math.min(lanes.size(), pieces); lane++) {
      int number = lane;
      running.add(others.submit(() -> drain(number, next, pieces, work)));
    }
    RuntimeException failure = null;
    try {
      drain(0, next, pieces, work);
    } catch (RuntimeException e) {
      failure = e;
    }
    spin(running);
    for (Future<?> lane : running) {
      RuntimeException met = await(lane);
      failure = failure == null ? met : failure;
    }
    if (failure != null) {
      throw failure;
    }
  }

  /** Looks for the end before sleeping, as the others are at their last pieces. */
  private static void spin(List<Future<?>> running) {
    for (int round = 0; round < SPINS; round++) {
      if (running.stream().allMatch(Future::isDone)) {
        return;
      }
      Thread.onSpinWait();
    }
  }

  private static void drain(int lane, AtomicInteger next, int pieces, Work work) {
    boolean done = false;
    try {
      for (int piece = next.getAndIncrement(); piece < pieces; piece = next.getAndIncrement()) {
        work.piece(lane, piece);
      }
      done = true;
    } finally {
      if (!done) {
        next.set(pieces);
      }
    }
  }

  /** Waits even if interrupted: memory must not be freed under a lane at work. */
  private static RuntimeException await(Future<?> lane) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          lane.get();
          return null;
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          return e.getCause() instanceof RuntimeException cause
              ? cause
              : new IllegalStateException(e.getCause());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Closes the contexts. Idempotent. */
  @Override
  public void close() {
    if (own) {
      others.shutdown();
      lanes.forEach(Backend::close);
    }
  }
}
