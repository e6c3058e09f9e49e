// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

/** The stages of a run, in the order in which they go. */
public enum StageName {
  TRAIN_SURROGATE("train-surrogate", "epoch"),
  SCORE_INFLUENCE("score-influence", "segment"),
  SCORE_EFFORT("score-effort", "segment"),
  SELECT("select", "selection"),
  REPORT("report", "report");

  private final String label;
  private final String unit;

  StageName(String label, String unit) {
    this.label = label;
    this.unit = unit;
  }

  /** As it stands in run.json. */
  public String label() {
    return label;
  }

  /** What a stage finishes and saves as a whole: at most one is redone after a crash. */
  public String unit() {
    return unit;
  }
}
