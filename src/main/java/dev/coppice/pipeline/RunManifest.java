// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coppice.data.InputException;
import dev.coppice.io.JsonFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** {@code run.json}: what was asked, with what, and how far each stage is. Written as a whole. */
final class RunManifest {
  /** Changes when an older run folder cannot be gone on with. */
  private static final int FORMAT = 1;

  private final Path file;
  private final Map<StageName, StageRecord> stages = new EnumMap<>(StageName.class);
  private final Map<String, Object> about = new LinkedHashMap<>();

  private RunManifest(Path file) {
    this.file = file;
    for (StageName stage : StageName.values()) {
      stages.put(stage, new StageRecord());
    }
  }

  /**
   * The manifest in a file, or an empty one if there is none.
   *
   * @throws InputException if the file is not a manifest
   */
  static RunManifest read(Path file) {
    RunManifest manifest = new RunManifest(file);
    if (!Files.exists(file)) {
      return manifest;
    }
    JsonNode root = JsonFile.read(file);
    if (root.path("format").asInt() != FORMAT || !root.path("stages").isObject()) {
      throw notOurs(file);
    }
    for (StageName stage : StageName.values()) {
      JsonNode node = root.path("stages").path(stage.label());
      if (node.isObject()) {
        try {
          manifest.stages.put(stage, StageRecord.read(node));
        } catch (IllegalArgumentException unknownState) {
          throw notOurs(file);
        }
      }
    }
    return manifest;
  }

  private static InputException notOurs(Path file) {
    return InputException.of(
        file.toString(), "is not the run.json of this version", "name another run folder");
  }

  StageRecord stage(StageName name) {
    return stages.get(name);
  }

  /** Starts a stage's record afresh. */
  StageRecord reset(StageName name) {
    StageRecord record = new StageRecord();
    stages.put(name, record);
    return record;
  }

  /** Sets a top-level entry other than the stages. */
  void put(String name, Object value) {
    about.put(name, value);
  }

  /** Replaces the file. */
  void save() throws IOException {
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("format", FORMAT);
    root.putAll(about);
    Map<String, Object> records = new LinkedHashMap<>();
    stages.forEach((name, record) -> records.put(name.label(), record.write(name.unit())));
    root.put("stages", records);
    JsonFile.write(file, root);
  }
}
