// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

/** Whether a run has been asked to stop; looked at between units of work. Safe for threads. */
public final class StopRequest {
  private volatile boolean requested;

  /** Asks the run to stop after the unit at hand. */
  public void request() {
    requested = true;
  }

  /** Whether it has been asked. */
  public boolean requested() {
    return requested;
  }

  /**
   * Called after a unit has been saved.
   *
   * @throws StoppedException if the run has been asked to stop
   */
  void check() {
    if (requested) {
      throw new StoppedException("stopped by a signal; run the same command again to go on");
    }
  }
}
