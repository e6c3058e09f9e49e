// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * A step of a run that reads files, computes, and writes files. It saves its work unit by unit, so
 * that it can go on after a crash; whether it must run at all is told by its inputs.
 */
interface Stage {
  StageName name();

  /**
   * Options and file fingerprints that the result depends on. Asked for when all earlier stages are
   * done.
   */
  Map<String, String> inputs();

  /** Names in the run folder of the files that it writes. */
  List<String> outputs();

  /** Deletes what it keeps in {@code work/}: it belongs to other inputs. */
  void discard() throws IOException;

  /**
   * Does what is not done yet.
   *
   * @throws StoppedException after saving, if the run was asked to stop
   */
  void run(StageRun run) throws IOException;
}
