// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.data.Scores;
import dev.coppice.score.EffortBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Keeps the scores of all macro-batches in memory. */
final class CollectedEffort implements EffortScoring.MacroBatches {
  private final Progress.Task task;
  private final boolean norms;
  private final List<EffortBatch> batches = new ArrayList<>();

  /**
   * Begins with none.
   *
   * @param task is told of each sample
   * @param norms whether each tensor's norms are kept too
   */
  CollectedEffort(Progress.Task task, boolean norms) {
    this.task = task;
    this.norms = norms;
  }

  @Override
  public void begin() {}

  @Override
  public void end(EffortBatch batch) {
    batches.add(norms ? batch : batch.withoutNorms());
    task.advance(batch.samples().length, "");
  }

  Scores scores() {
    Map<String, double[]> columns = new LinkedHashMap<>();
    columns.put("effort", flat(EffortBatch::effort));
    columns.put("loss", flat(EffortBatch::loss));
    columns.put("tokens", flat(b -> Arrays.stream(b.tokens()).asDoubleStream().toArray()));
    return Scores.of(samples(), columns);
  }

  Scores tensorNorms() {
    Map<String, double[]> columns = new LinkedHashMap<>();
    for (EffortBatch batch : batches) {
      batch.tensorNorms().keySet().forEach(name -> columns.putIfAbsent(name, null));
    }
    columns.replaceAll((name, none) -> flat(batch -> batch.tensorNorms().get(name)));
    return Scores.of(samples(), columns);
  }

  private int[] samples() {
    return batches.stream().flatMapToInt(batch -> Arrays.stream(batch.samples())).toArray();
  }

  private double[] flat(Function<EffortBatch, double[]> column) {
    return batches.stream().flatMapToDouble(b -> Arrays.stream(column.apply(b))).toArray();
  }
}
