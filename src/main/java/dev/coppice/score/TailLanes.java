// SPDX-License-Identifier: Apache-2.0
package dev.coppice.score;

import dev.coppice.backend.Backend;
import dev.coppice.backend.Lanes;
import dev.coppice.backend.Workspace;
import dev.coppice.score.RiskDerivatives.GradientScores;
import java.util.ArrayList;
import java.util.List;

/** Scores runs of samples side by side, each on a lane with memory of its own. */
final class TailLanes implements AutoCloseable {
  private final Lanes lanes;
  private final List<Workspace> workspaces = new ArrayList<>();
  private final List<TailScores> scores = new ArrayList<>();

  /**
   * Reserves memory on each lane.
   *
   * @param lanes used by nobody else meanwhile
   * @param origin whose samples and weights they score
   * @param room most positions of a run
   * @param width D
   */
  TailLanes(Lanes lanes, TailBatches origin, int room, int width) {
    this.lanes = lanes;
    boolean opened = false;
    try {
      for (int lane = 0; lane < lanes.count(); lane++) {
        Backend backend = lanes.backend(lane);
        TailBatches batches = origin.on(backend, room);
        TailScores of = new TailScores(backend, batches, width);
        Workspace workspace =
            backend.workspace(
                Workspace.plan(
                    backend,
                    a -> {
                      batches.layout(a);
                      of.layout(a);
                    }));
        workspaces.add(workspace);
        batches.layout(workspace);
        of.layout(workspace);
        scores.add(of);
      }
      opened = true;
    } finally {
      if (!opened) {
        close();
      }
    }
  }

  /**
   * Scores all runs.
   *
   * @param directions each (D*D)
   * @param ids of scorable samples
   * @param bounds first sample of each run, and the number of samples
   * @param result receives the scores
   */
  void score(double[][] directions, int[] ids, int[] bounds, GradientScores result) {
    lanes.run(
        bounds.length - 1,
        (lane, run) ->
            scores.get(lane).score(directions, ids, bounds[run], bounds[run + 1], result));
  }

  @Override
  public void close() {
    workspaces.forEach(Workspace::close);
  }
}
