// SPDX-License-Identifier: Apache-2.0
package dev.coppice.cli;

import dev.coppice.pipeline.Progress;
import dev.coppice.pipeline.StopRequest;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;

/** One call of the program: its streams, how it should talk, and whether it should stop. */
final class Session {
  private final PrintStream out;
  private final PrintStream err;
  private final StopRequest stop = new StopRequest();
  private boolean json;
  private boolean quiet;
  private boolean verbose;
  private volatile boolean resumable;

  Session(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  PrintStream out() {
    return out;
  }

  PrintStream err() {
    return err;
  }

  StopRequest stop() {
    return stop;
  }

  boolean json() {
    return json;
  }

  boolean verbose() {
    return verbose;
  }

  /** Sets how the session talks. */
  void configure(boolean json, boolean quiet, boolean verbose) {
    this.json = json;
    this.quiet = quiet;
    this.verbose = verbose;
  }

  /** Says that the command at hand saves what it has done when asked to stop. */
  void setResumable() {
    resumable = true;
  }

  boolean resumable() {
    return resumable;
  }

  /** Where the command's work tells how far it is. */
  Progress progress() {
    boolean terminal = Boolean.getBoolean("coppice.terminal"); // set by the launcher
    Progress console =
        quiet ? Progress.SILENT : new ConsoleProgress(err, terminal && !json, System::nanoTime);
    return json ? new JsonProgress(out, console, System::nanoTime) : console;
  }

  /** Writes the result of the command: text as it stands, or facts as one line of JSON. */
  void result(List<String> text, Map<String, ?> facts) {
    if (json) {
      out.println(JsonProgress.line("done", facts));
    } else {
      text.forEach(out::println);
    }
    out.flush();
  }

  /** Tells of a failure: one line on stderr, and with {@code --json} an event on stdout. */
  void failed(int exitCode, String message) {
    if (json) {
      out.println(JsonProgress.line("error", Map.of("code", exitCode, "message", message)));
      out.flush();
    }
    err.println(message);
  }
}
