// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.coppice.model.RankingMetrics;
import dev.coppice.report.ReportModel;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Ranking metrics as run.json has them: {@code {"users", "recall": {"5", ...}, "ndcg": ...}}. */
final class Ranking {
  private static final ObjectMapper MAPPER = JsonMapper.builder().build();

  private Ranking() {}

  /** As JSON. */
  static Map<String, Object> facts(RankingMetrics metrics) {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("users", metrics.users());
    facts.put("recall", byCutoff(metrics.recall()));
    facts.put("ndcg", byCutoff(metrics.ndcg()));
    return facts;
  }

  private static Map<String, Double> byCutoff(double[] values) {
    Map<String, Double> named = new LinkedHashMap<>();
    int[] cutoffs = RankingMetrics.cutoffs();
    for (int k = 0; k < cutoffs.length; k++) {
      named.put(Integer.toString(cutoffs[k]), values[k]);
    }
    return named;
  }

  /** Facts as a tree. */
  static JsonNode tree(Object facts) {
    return MAPPER.valueToTree(facts);
  }

  /** From JSON; empty where no user was ranked. */
  static Optional<RankingMetrics> read(JsonNode facts) {
    int users = facts.path("users").asInt();
    return users == 0
        ? Optional.empty()
        : Optional.of(new RankingMetrics(values(facts, "recall"), values(facts, "ndcg"), users));
  }

  private static double[] values(JsonNode facts, String name) {
    return Arrays.stream(RankingMetrics.cutoffs())
        .mapToDouble(cutoff -> facts.path(name).path(Integer.toString(cutoff)).asDouble())
        .toArray();
  }

  /** As the report takes them. */
  static Optional<ReportModel.Ranking> reported(JsonNode facts) {
    return read(facts).map(m -> new ReportModel.Ranking(m.recall(), m.ndcg()));
  }
}
