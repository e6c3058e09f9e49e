// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import dev.coppice.io.ContentHash;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Runs stages one after the other, leaving out those that are done for the same inputs. */
final class Pipeline {
  private final RunFolder folder;
  private final Progress progress;
  private final StopRequest stop;

  Pipeline(RunFolder folder, Progress progress, StopRequest stop) {
    this.folder = folder;
    this.progress = progress;
    this.stop = stop;
  }

  /**
   * Runs what has to run of a stage.
   *
   * @return whether the result of an earlier start was taken as it is
   * @throws StoppedException if the run was asked to stop
   */
  boolean run(Stage stage) throws IOException {
    stop.check();
    StageRecord record = folder.manifest().stage(stage.name());
    Map<String, String> inputs = stage.inputs();
    boolean same = record.inputs.equals(inputs);
    if (same && record.state == StageRecord.State.FINISHED && intact(stage, record)) {
      progress.message(stage.name().label() + ": done before, nothing has changed");
      progress.event("stage", Map.of("stage", stage.name().label(), "state", "reused"));
      return true;
    }
    if (!same) {
      if (!record.inputs.isEmpty()) {
        progress.message(stage.name().label() + ": again, because of " + changes(record, inputs));
      }
      record = folder.manifest().reset(stage.name());
      record.inputs.putAll(inputs);
      folder.journal().reset(stage.name());
      stage.discard();
    }
    start(stage, record);
    return false;
  }

  private void start(Stage stage, StageRecord record) throws IOException {
    record.state = StageRecord.State.RUNNING;
    record.attempts++;
    record.unitsBegun = folder.journal().begun(stage.name());
    folder.manifest().save();
    progress.event("stage", Map.of("stage", stage.name().label(), "state", "started"));
    StageRun run = new StageRun(stage.name(), folder, progress, stop);
    boolean done = false;
    try {
      stage.run(run);
      done = true;
    } finally {
      run.updateSeconds();
      if (!done) {
        folder.manifest().save();
      }
    }
    run.complete();
    record.outputs.clear();
    for (String name : stage.outputs()) {
      record.outputs.put(name, ContentHash.sha256(folder.file(name)));
    }
    record.state = StageRecord.State.FINISHED;
    folder.manifest().save();
    tellDone(stage, record);
  }

  private void tellDone(Stage stage, StageRecord record) {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("stage", stage.name().label());
    facts.put("state", "finished");
    facts.put("seconds", record.seconds);
    progress.event("stage", facts);
    progress.message(
        String.format(Locale.ROOT, "%s: done in %.1f s", stage.name().label(), record.seconds));
  }

  /** Whether the files that a stage wrote are still as it wrote them. */
  private boolean intact(Stage stage, StageRecord record) {
    for (String name : stage.outputs()) {
      Path file = folder.file(name);
      if (!Files.isRegularFile(file)
          || !ContentHash.sha256(file).equals(record.outputs.get(name))) {
        progress.message(stage.name().label() + ": again, because " + name + " is gone or changed");
        return false;
      }
    }
    return true;
  }

  private static String changes(StageRecord record, Map<String, String> inputs) {
    List<String> changed = new ArrayList<>();
    Map<String, String> all = new LinkedHashMap<>(record.inputs);
    all.putAll(inputs);
    for (String label : all.keySet()) {
      String before = record.inputs.get(label);
      String now = inputs.get(label);
      if (!String.valueOf(before).equals(String.valueOf(now))) {
        boolean shown = before != null && now != null && before.length() + now.length() < 40;
        changed.add(shown ? label + " (" + before + ", now " + now + ")" : label);
      }
    }
    return String.join(", ", changed);
  }
}
