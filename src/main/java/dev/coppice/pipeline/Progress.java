// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import java.util.Map;

/** Receives what a run tells while it works. Used by one thread at a time. */
public interface Progress {
  /** One line for the reader. */
  void message(String text);

  /** Something that happened, for programs that follow the run; facts as JSON can hold them. */
  void event(String name, Map<String, ?> facts);

  /**
   * Starts a bar. Close it before the next one starts.
   *
   * @param name what is done
   * @param done units that are done already
   * @param total units in all
   * @param unit name of many units, e.g. {@code epochs}
   */
  Task start(String name, long done, long total, String unit);

  /** A piece of work that is under way. */
  interface Task extends AutoCloseable {
    /** Some more units are done; {@code note} is a short remark, may be empty. */
    void advance(long units, String note);

    @Override
    void close();
  }

  /** Tells nobody. */
  Progress SILENT =
      new Progress() {
        @Override
        public void message(String text) {}

        @Override
        public void event(String name, Map<String, ?> facts) {}

        @Override
        public Task start(String name, long done, long total, String unit) {
          return new Task() {
            @Override
            public void advance(long units, String note) {}

            @Override
            public void close() {}
          };
        }
      };
}
