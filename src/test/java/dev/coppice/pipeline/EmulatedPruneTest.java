// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import static dev.coppice.Closeness.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.coppice.WithoutGraphs;
import dev.coppice.backend.Backend;
import dev.coppice.backend.NativeBackend;
import dev.coppice.backend.ReferenceBackend;
import dev.coppice.data.Scores;
import dev.coppice.io.ContentHash;
import dev.coppice.io.JsonFile;
import dev.coppice.io.ScoreCsv;
import dev.coppice.pipeline.demo.SmallRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole run on the CUDA kernels: from data folder and language model to selection and report. */
class EmulatedPruneTest {
  private static final int USERS = 48;
  private static final double TOLERANCE = 1e-5;

  @TempDir static Path folder;
  private static Path emulated;

  @BeforeAll
  static void runOnce() throws IOException {
    SmallRun.write(folder, USERS);
    emulated = run("emulated", () -> emulated(3));
  }

  private static Backend emulated(int schedule) {
    return new NativeBackend(NativeBackend.Device.EMULATED, schedule);
  }

  private static Path run(String name, Supplier<Backend> backend) throws IOException {
    PruneOptions options =
        new PruneOptions(
            folder.resolve("data"),
            folder.resolve(name),
            Optional.of(folder.resolve("llm")),
            Optional.empty(),
            new RunOptions(BackendChoice.AUTO, 1, 42),
            new TrainOptions(2, 2, 0, 16, 1e-3, 8, 2, 2, 10, 0.2, 0),
            new InfluenceOptions(
                "cg", "0.05", 1e-6, "hessian", "last-dense", Optional.empty(), 1, 1, false),
            new EffortOptions("last-v-lora-b", 64, "all", 1 << 22, "auto"),
            new SelectOptions(12, 0.3, 5, 0.1, "coverage"));
    Prune.run(
        options,
        Progress.SILENT,
        new StopRequest(),
        asked -> new Backends.Opened(backend.get(), name));
    return options.out();
  }

  @Test
  void finishesWithEveryStage() {
    RunManifest manifest = RunManifest.read(emulated.resolve("run.json"));
    for (StageName stage : StageName.values()) {
      assertEquals(StageRecord.State.FINISHED, manifest.stage(stage).state, stage.label());
    }
    assertEquals("emulated", JsonFile.read(emulated.resolve("run.json")).path("backend").asText());
    assertTrue(Files.exists(emulated.resolve("report.html")));
  }

  @Test
  void agreesWithTheReferenceAndSelectsAsTheCpuDoes() throws IOException {
    Path reference = run("reference", ReferenceBackend::new);
    Path cpu = run("cpu", () -> new NativeBackend(NativeBackend.Device.CPU, 2));
    for (String file : List.of("influence.csv", "effort.csv")) {
      Scores expected = ScoreCsv.read(reference.resolve(file));
      Scores actual = ScoreCsv.read(emulated.resolve(file));
      assertArrayEquals(expected.samples(), actual.samples());
      for (String column : expected.names()) {
        double[] values = actual.column(column);
        assertClose(column, expected.column(column), values, TOLERANCE);
        assertTrue(
            column.equals("tokens") || !Arrays.equals(expected.column(column), values),
            column + ": float32 on both sides?");
      }
    }
    List<String> chosen = Files.readAllLines(emulated.resolve("selection.txt"));
    assertEquals(12, chosen.size());
    assertEquals(Files.readAllLines(cpu.resolve("selection.txt")), chosen);
    assertEquals(Files.readAllLines(reference.resolve("selection.txt")), chosen);
  }

  @Test
  void theOrderOfThreadsChangesNoByte() throws IOException {
    Path other = run("other", () -> emulated(4));
    for (String file :
        List.of("surrogate.safetensors", "influence.csv", "effort.csv", "selection.txt")) {
      assertEquals(
          ContentHash.sha256(emulated.resolve(file)),
          ContentHash.sha256(other.resolve(file)),
          file);
    }
    assertNotEquals(
        JsonFile.read(emulated.resolve("run.json")).path("device").asText(),
        JsonFile.read(other.resolve("run.json")).path("device").asText(),
        "the schedule is part of the device's description");
  }

  @Test
  void replayingStepsChangesNoByte() throws IOException {
    Path plain = run("plain", () -> WithoutGraphs.of(emulated(3)));
    for (String file : List.of("surrogate.safetensors", "influence.csv", "selection.txt")) {
      assertEquals(
          ContentHash.sha256(plain.resolve(file)),
          ContentHash.sha256(emulated.resolve(file)),
          file);
    }
  }
}
