// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coppice.data.Unscorable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Unscorable samples as run.json has them: {@code [{"reason", "samples": [...]}]}. */
final class UnscorableFacts {
  private UnscorableFacts() {}

  /** As JSON, one entry a reason, in order of the first sample. */
  static List<Object> of(List<Unscorable> unscorable) {
    Map<String, List<Integer>> byReason = new LinkedHashMap<>();
    for (Unscorable one : unscorable) {
      byReason.computeIfAbsent(one.reason(), reason -> new ArrayList<>()).add(one.sample());
    }
    List<Object> facts = new ArrayList<>();
    byReason.forEach(
        (reason, samples) -> {
          Map<String, Object> entry = new LinkedHashMap<>();
          entry.put("reason", reason);
          entry.put("samples", samples);
          facts.add(entry);
        });
    return facts;
  }

  /** From JSON. */
  static List<Unscorable> read(JsonNode facts) {
    List<Unscorable> unscorable = new ArrayList<>();
    for (JsonNode entry : facts) {
      for (JsonNode sample : entry.path("samples")) {
        unscorable.add(new Unscorable(sample.asInt(), entry.path("reason").asText()));
      }
    }
    return unscorable;
  }
}
