// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.model.RankingMetrics;
import dev.coppice.model.SurrogateWeights;
import dev.coppice.model.TrainerState;
import java.util.List;
import java.util.Optional;

/**
 * How far a training is after a whole epoch.
 *
 * @param epochs epochs done
 * @param trainer what the trainer goes on from
 * @param history evaluated epochs so far, ascending
 * @param bestEpoch epochs after which the best weights so far were taken; 0 if there are none yet
 * @param best those weights
 */
record TrainingState(
    int epochs,
    TrainerState trainer,
    List<Evaluated> history,
    int bestEpoch,
    Optional<SurrogateWeights> best) {
  /**
   * One evaluated epoch.
   *
   * @param epoch epochs done
   * @param loss mean training loss of the last of them
   * @param valid metrics on the validation items; of no user where there are none
   */
  record Evaluated(int epoch, double loss, RankingMetrics valid) {}

  /** Evaluations since the best one. */
  int withoutBetter() {
    return (int) history.stream().filter(evaluated -> evaluated.epoch > bestEpoch).count();
  }
}
