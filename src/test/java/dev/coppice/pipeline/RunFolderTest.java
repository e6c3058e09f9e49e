// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.data.ConfigException;
import dev.coppice.data.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFolderTest {
  @TempDir Path parent;

  private Path folder() {
    return parent.resolve("run");
  }

  @Test
  void locksOutASecondRunUntilTheFirstIsClosed() throws IOException {
    try (RunFolder first = RunFolder.open(folder())) {
      String message =
          assertThrows(ConfigException.class, () -> RunFolder.open(folder())).getMessage();
      assertTrue(message.contains("process " + ProcessHandle.current().pid()), message);
      assertTrue(message.contains("; wait for it"), message);
      assertTrue(Files.exists(first.work("lock")));
    }
    RunFolder.open(folder()).close();
  }

  @Test
  void opensAFolderWhoseOwnerDied() throws IOException {
    Files.createDirectories(folder().resolve("work"));
    Files.writeString(folder().resolve("work/lock"), "process 1 on here, started long ago\n");
    RunFolder.open(folder()).close();
  }

  @Test
  void refusesAFolderThatHoldsSomethingElse() throws IOException {
    Files.createDirectories(folder());
    Files.writeString(folder().resolve("thesis.tex"), "");
    String message =
        assertThrows(ConfigException.class, () -> RunFolder.open(folder())).getMessage();
    assertTrue(message.contains("holds thesis.tex"), message);
    assertFalse(Files.exists(folder().resolve("work")));
    Path orphan = parent.resolve("no/such/run");
    assertThrows(ConfigException.class, () -> RunFolder.check(orphan));
    assertThrows(ConfigException.class, () -> RunFolder.check(folder().resolve("thesis.tex")));
  }

  @Test
  void deletesWhatAKilledWriterLeft() throws IOException {
    Files.createDirectories(folder().resolve("work"));
    Path left = Files.writeString(folder().resolve(".run.json.tmp-17"), "{");
    Path inWork = Files.writeString(folder().resolve("work/.trainer.safetensors.tmp-17"), "x");
    RunFolder.open(folder()).close();
    assertFalse(Files.exists(left));
    assertFalse(Files.exists(inWork));
  }

  @Test
  void keepsTheManifestOverRestarts() throws IOException {
    try (RunFolder run = RunFolder.open(folder())) {
      StageRecord record = run.manifest().stage(StageName.SELECT);
      record.state = StageRecord.State.FINISHED;
      record.attempts = 2;
      record.seconds = 1.5;
      record.unitsTotal = 3;
      record.unitsDone = 2;
      record.unitsBegun = 4;
      record.inputs.put("n", "7");
      record.outputs.put("selection.txt", "abc");
      record.facts.put("kept", 7);
      run.manifest().put("version", "x");
      run.manifest().save();
    }
    try (RunFolder run = RunFolder.open(folder())) {
      StageRecord record = run.manifest().stage(StageName.SELECT);
      assertEquals(StageRecord.State.FINISHED, record.state);
      assertEquals(2, record.attempts);
      assertEquals(1.5, record.seconds);
      assertEquals(3, record.unitsTotal);
      assertEquals(2, record.unitsDone);
      assertEquals(4, record.unitsBegun);
      assertEquals(Map.of("n", "7"), record.inputs);
      assertEquals(Map.of("selection.txt", "abc"), record.outputs);
      assertEquals("7", record.facts.get("kept").toString());
      assertEquals(StageRecord.State.PENDING, run.manifest().stage(StageName.REPORT).state);
    }
    Files.writeString(folder().resolve("run.json"), "{\"format\": 1, \"stages\": {\n\"select\": 3");
    String message =
        assertThrows(InputException.class, () -> RunFolder.open(folder())).getMessage();
    assertTrue(message.contains("run.json:2: "), message);
    Files.writeString(folder().resolve("run.json"), "{\"format\": 99}");
    assertThrows(InputException.class, () -> RunFolder.open(folder()));
  }

  @Test
  void countsBegunUnitsOverRestartsAndTornLines() throws IOException {
    try (RunFolder run = RunFolder.open(folder())) {
      run.journal().begin(StageName.SELECT);
      run.journal().begin(StageName.SCORE_EFFORT);
      run.journal().begin(StageName.SELECT);
      assertEquals(2, run.journal().begun(StageName.SELECT));
    }
    Path log = folder().resolve("work/units.log");
    Files.writeString(log, Files.readString(log) + "select beg");
    try (RunFolder run = RunFolder.open(folder())) {
      assertEquals(2, run.journal().begun(StageName.SELECT));
      run.journal().begin(StageName.SELECT);
    }
    try (RunFolder run = RunFolder.open(folder())) {
      assertEquals(3, run.journal().begun(StageName.SELECT));
      assertEquals(1, run.journal().begun(StageName.SCORE_EFFORT));
      run.journal().reset(StageName.SELECT);
      assertEquals(0, run.journal().begun(StageName.SELECT));
    }
  }
}
