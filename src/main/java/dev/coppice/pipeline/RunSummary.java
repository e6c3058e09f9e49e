// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.coppice.model.RankingMetrics;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** What a finished run tells on stdout: five lines, then the path of the report. */
final class RunSummary {
  private static final ObjectMapper MAPPER = JsonMapper.builder().build();

  private final RunContext context;

  RunSummary(RunContext context) {
    this.context = context;
  }

  Outcome outcome() {
    Path report = context.folder().file(ReportStage.OUTPUT).toAbsolutePath();
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("report", report.toString());
    facts.put("run", report.getParent().toString());
    facts.put("selected", facts(StageName.SELECT).path("selected").asInt());
    facts.put("seconds", seconds());
    List<String> lines =
        List.of(samples(), surrogate(), influence(), effort(), selection(), report.toString());
    return new Outcome(lines, facts);
  }

  private JsonNode facts(StageName stage) {
    return MAPPER.valueToTree(context.folder().manifest().stage(stage).facts);
  }

  private double seconds() {
    double seconds = 0;
    for (StageName stage : StageName.values()) {
      StageRecord record = context.folder().manifest().stage(stage);
      seconds += record.state == StageRecord.State.FINISHED ? record.seconds : 0;
    }
    return seconds;
  }

  private String samples() {
    int unscorable = RunReportModel.unscorable(context.folder().manifest()).size();
    int all = context.dataset().samples();
    return text(
        "samples    %,d, of which %,d scored and %,d unscorable",
        all, all - unscorable, unscorable);
  }

  private String surrogate() {
    JsonNode facts = facts(StageName.TRAIN_SURROGATE);
    int kept = facts.path("kept_epoch").asInt();
    Optional<RankingMetrics> valid = Optional.empty();
    for (JsonNode node : facts.path("evaluations")) {
      if (node.path("epoch").asInt() == kept) {
        valid = Ranking.read(node.path("valid"));
      }
    }
    if (valid.isEmpty()) {
      return text("surrogate  epoch %d kept, the last: there are no validation items", kept);
    }
    double popular =
        Ranking.read(facts.path("baselines").path("popularity").path("valid"))
            .orElseThrow()
            .recallAt(10);
    return text(
        "surrogate  epoch %d of %d kept: valid Recall@10 %.4f, NDCG@10 %.4f (popularity %.4f)",
        kept,
        facts.path("epochs").asInt(),
        valid.get().recallAt(10),
        valid.get().ndcgAt(10),
        popular);
  }

  private String influence() {
    JsonNode solution = facts(StageName.SCORE_INFLUENCE).path("solution");
    String indefinite = solution.path("indefinite").asBoolean() ? ", indefinite" : "";
    return text(
        "influence  %s, %d Hessian products, relative residual %.1e%s",
        solution.path("solver").asText(),
        solution.path("iterations").asInt(),
        solution.path("residual").asDouble(),
        indefinite);
  }

  private String effort() {
    if (context.checkpoint().isEmpty()) {
      return "effort     none: " + Prune.WITHOUT_LLM;
    }
    JsonNode facts = facts(StageName.SCORE_EFFORT);
    return text(
        "effort     %,d tokens, %s adapter",
        facts.path("tokens").asLong(), facts.path("adapter").asText());
  }

  private String selection() {
    JsonNode facts = facts(StageName.SELECT);
    return text(
        "selection  %,d of %,d samples, by %s, on %s in %.1f s",
        facts.path("selected").asInt(),
        facts.path("candidates").asInt(),
        context.options().select().strategy(),
        context.backend().name(),
        seconds());
  }

  private static String text(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
