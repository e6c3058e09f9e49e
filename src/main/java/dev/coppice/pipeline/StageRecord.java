// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** What run.json says about one stage. */
final class StageRecord {
  /** How far a stage is. */
  enum State {
    PENDING,
    RUNNING,
    FINISHED,
    /** Finished or begun by an earlier run, but no part of the last one. */
    UNUSED
  }

  State state = State.PENDING;

  /** Times the stage was started since its inputs last changed. */
  int attempts;

  /** Working time of all attempts, without what a crash has swallowed. */
  double seconds;

  int unitsTotal;
  int unitsDone;
  int unitsBegun;

  /** Units that the last attempt found done. */
  int unitsResumed;

  /** Options and file fingerprints that the result depends on. */
  Map<String, String> inputs = new LinkedHashMap<>();

  /** Fingerprints of the files it wrote, by name in the run folder. */
  Map<String, String> outputs = new LinkedHashMap<>();

  /** What the stage found out, for the report and the reader. */
  Map<String, Object> facts = new LinkedHashMap<>();

  static StageRecord read(JsonNode node) {
    StageRecord record = new StageRecord();
    record.state = State.valueOf(node.path("state").asText().toUpperCase(Locale.ROOT));
    record.attempts = node.path("attempts").asInt();
    record.seconds = node.path("seconds").asDouble();
    JsonNode units = node.path("units");
    record.unitsTotal = units.path("total").asInt();
    record.unitsDone = units.path("done").asInt();
    record.unitsBegun = units.path("begun").asInt();
    record.unitsResumed = units.path("resumed").asInt();
    node.path("inputs")
        .properties()
        .forEach(e -> record.inputs.put(e.getKey(), e.getValue().asText()));
    node.path("outputs")
        .properties()
        .forEach(e -> record.outputs.put(e.getKey(), e.getValue().asText()));
    node.path("facts").properties().forEach(e -> record.facts.put(e.getKey(), e.getValue()));
    return record;
  }

  Map<String, Object> write(String unit) {
    Map<String, Object> units = new LinkedHashMap<>();
    units.put("unit", unit);
    units.put("total", unitsTotal);
    units.put("done", unitsDone);
    units.put("begun", unitsBegun);
    units.put("redone", Math.max(0, unitsBegun - unitsDone));
    units.put("resumed", unitsResumed);
    Map<String, Object> node = new LinkedHashMap<>();
    node.put("state", state.name().toLowerCase(Locale.ROOT));
    node.put("attempts", attempts);
    node.put("seconds", seconds);
    node.put("units", units);
    node.put("inputs", inputs);
    node.put("outputs", outputs);
    node.put("facts", facts);
    return node;
  }
}
