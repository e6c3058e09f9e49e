// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import java.util.concurrent.CountDownLatch;

/**
 * On SIGTERM and SIGINT lets a resumable command save its unit of work, and ends the process with
 * the command's own exit code; other commands end at once.
 */
final class SignalHook {
  private final Session session;
  private final CountDownLatch done = new CountDownLatch(1);
  private volatile int code;

  private SignalHook(Session session) {
    this.session = session;
  }

  static SignalHook install(Session session) {
    SignalHook hook = new SignalHook(session);
    Runtime.getRuntime().addShutdownHook(new Thread(hook::stop, "coppice-stop"));
    return hook;
  }

  /** The command has ended; the process may. */
  void finished(int exitCode) {
    code = exitCode;
    done.countDown();
  }

  private void stop() {
    if (!session.resumable() || done.getCount() == 0) {
      return;
    }
    session.err().println("stopping after the unit at hand");
    session.stop().request();
    try {
      done.await();
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    }
    session.out().flush();
    Runtime.getRuntime().halt(code); // exit would keep the code of the signal
  }
}
