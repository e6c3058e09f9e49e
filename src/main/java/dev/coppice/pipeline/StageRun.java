// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;

/** One start of a stage: counts its units, saves the counters, and asks whether to go on. */
final class StageRun {
  private static final long SAVE_INTERVAL_NANOS = 1_000_000_000L;

  private final StageName name;
  private final RunFolder folder;
  private final StageRecord record;
  private final Progress progress;
  private final StopRequest stop;
  private final double secondsBefore;
  private final long started = System.nanoTime();
  private long saved = started;

  StageRun(StageName name, RunFolder folder, Progress progress, StopRequest stop) {
    this.name = name;
    this.folder = folder;
    this.record = folder.manifest().stage(name);
    this.progress = progress;
    this.stop = stop;
    this.secondsBefore = record.seconds;
  }

  Progress progress() {
    return progress;
  }

  /** A key that changes with the stage's inputs, (32). */
  byte[] key() {
    return key(record.inputs);
  }

  /** SHA-256 of names and values, (32). */
  static byte[] key(Map<String, String> inputs) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      new TreeMap<>(inputs)
          .forEach(
              (label, value) ->
                  digest.update((label + "\0" + value + "\0").getBytes(StandardCharsets.UTF_8)));
      return digest.digest();
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every Java platform has SHA-256", impossible);
    }
  }

  /**
   * Says what was found when the stage started.
   *
   * @param done units that an earlier start has saved
   * @param total units in all; 0 if that is known only at the end
   */
  void found(int done, int total) {
    record.unitsDone = done;
    record.unitsResumed = done;
    record.unitsTotal = total;
    if (done > 0) {
      String of = total > 0 ? " of " + total : "";
      progress.message(name.label() + ": going on after " + done + of + " " + name.unit() + "s");
    }
  }

  /** A unit is begun. */
  void begin() throws IOException {
    folder.journal().begin(name);
    record.unitsBegun = folder.journal().begun(name);
  }

  /**
   * The unit at hand is saved.
   *
   * @throws StoppedException if the run was asked to stop
   */
  void end() throws IOException {
    record.unitsDone++;
    long now = System.nanoTime();
    if (now - saved >= SAVE_INTERVAL_NANOS || stop.requested()) {
      saved = now;
      updateSeconds();
      folder.manifest().save();
    }
    stop.check();
  }

  void updateSeconds() {
    double seconds = secondsBefore + (System.nanoTime() - started) * 1e-9;
    record.seconds = Math.round(seconds * 1000) / 1000.0; // as run.json has it
  }

  /** Records what the stage found out. */
  void fact(String label, Object value) {
    record.facts.put(label, value);
  }

  /** A number that an earlier start with the same inputs recorded; empty if none did. */
  OptionalInt recorded(String label) {
    Object value = record.facts.get(label);
    return value == null ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(value.toString()));
  }

  /** Writes what is recorded so far. */
  void save() throws IOException {
    folder.manifest().save();
  }

  /** All units are done. */
  void complete() {
    record.unitsTotal = Math.max(record.unitsTotal, record.unitsDone);
  }
}
