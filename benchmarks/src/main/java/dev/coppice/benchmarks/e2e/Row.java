// SPDX-License-Identifier: Apache-2.0
package dev.coppice.benchmarks.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;

/** One line of the table: a task that all sides do. */
interface Row extends AutoCloseable {
  /** Short name, for the table, the checks and {@code --rows}. */
  String name();

  /** What is asked of our side on two CPU cores. */
  Target target();

  /** Does what a first timing must not pay for. */
  void prepare() throws IOException;

  /** Does and times our side. */
  Run ours() throws IOException;

  /** Whether a peer does this task. */
  default boolean has(Peer.Kind kind) {
    return true;
  }

  /**
   * A peer's task.
   *
   * @param complete as much as the check needs; else as much as is timed
   */
  ObjectNode request(Peer.Kind kind, boolean complete) throws IOException;

  /** Compares a peer's answer with ours. */
  void check(Peer.Kind kind, JsonNode answer, Checks checks) throws IOException;

  /** Checks that need no peer; after all timings. */
  default void checkAlone(Checks checks) throws IOException {}

  /** Whether one timing is enough, as the task is long and runs on our side only. */
  default boolean once() {
    return false;
  }

  @Override
  default void close() {}
}
