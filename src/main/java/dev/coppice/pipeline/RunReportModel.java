// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.coppice.data.Unscorable;
import dev.coppice.report.ReportModel;
import dev.coppice.report.RunReport;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** From a run's manifest and scores to what the report shows. */
final class RunReportModel {
  private static final ObjectMapper MAPPER = JsonMapper.builder().build();

  private final RunContext context;
  private final Set<StageName> reused;

  RunReportModel(RunContext context, Set<StageName> reused) {
    this.context = context;
    this.reused = reused;
  }

  /** What the report shows. */
  ReportModel model(RunScores scores) {
    PruneOptions options = context.options();
    return new ReportModel(
        "Coppice run: " + options.data().toAbsolutePath().normalize().getFileName(),
        text(RunOption.configuration(options)),
        stages(),
        environment(),
        Optional.of(surrogate(facts(StageName.TRAIN_SURROGATE))),
        Optional.of(influence(facts(StageName.SCORE_INFLUENCE).path("solution"))),
        CurvatureFacts.read(facts(StageName.SCORE_INFLUENCE).path("solution")),
        options.llm().isPresent() ? effort(facts(StageName.SCORE_EFFORT)) : Map.of(),
        scores.overall(),
        scores.selection(),
        Arrays.stream(RunReport.shownSamples(scores.selection()))
            .mapToObj(sample -> ReportModel.SampleText.of(context.dataset(), sample))
            .toList(),
        unscorable(context.folder().manifest()),
        notes(),
        List.of(RunOption.command(options)),
        context.files().all());
  }

  private JsonNode facts(StageName stage) {
    return facts(context.folder().manifest(), stage);
  }

  private static JsonNode facts(RunManifest manifest, StageName stage) {
    return MAPPER.valueToTree(manifest.stage(stage).facts);
  }

  /** Samples without a score of some kind, ascending, with the reason. */
  static List<Unscorable> unscorable(RunManifest manifest) {
    Map<Integer, List<String>> reasons = new TreeMap<>();
    for (StageName stage : List.of(StageName.SCORE_INFLUENCE, StageName.SCORE_EFFORT)) {
      if (manifest.stage(stage).state == StageRecord.State.FINISHED) {
        String score = stage == StageName.SCORE_INFLUENCE ? "no influence: " : "no effort: ";
        UnscorableFacts.read(facts(manifest, stage).path("unscorable"))
            .forEach(
                one ->
                    reasons
                        .computeIfAbsent(one.sample(), sample -> new ArrayList<>())
                        .add(score + one.reason()));
      }
    }
    List<Unscorable> all = new ArrayList<>();
    reasons.forEach((sample, why) -> all.add(new Unscorable(sample, String.join("; ", why))));
    return all;
  }

  private static Map<String, String> text(Map<String, Object> values) {
    Map<String, String> text = new LinkedHashMap<>();
    values.forEach((label, value) -> text.put(label, value.toString()));
    return text;
  }

  private List<ReportModel.Stage> stages() {
    List<ReportModel.Stage> stages = new ArrayList<>();
    for (StageName name : StageName.values()) {
      StageRecord record = context.folder().manifest().stage(name);
      if (record.state == StageRecord.State.FINISHED && name != StageName.REPORT) {
        Map<String, String> counters = new LinkedHashMap<>();
        counters.put(name.unit() + "s", Integer.toString(record.unitsDone));
        counters.put("starts", Integer.toString(record.attempts));
        boolean taken = reused.contains(name);
        stages.add(new ReportModel.Stage(name.label(), record.seconds, taken, counters));
      }
    }
    return stages;
  }

  private Map<String, String> environment() {
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put("Coppice", Version.coppice());
    environment.put("backend", context.backend().name());
    environment.put("device", context.backend().description());
    environment.put("precision", context.options().run().precision());
    environment.put("threads", Integer.toString(context.options().run().threads()));
    environment.put("Java", Version.java());
    environment.put("system", Version.system());
    return environment;
  }

  private static ReportModel.Surrogate surrogate(JsonNode facts) {
    List<ReportModel.Evaluation> evaluations = new ArrayList<>();
    for (JsonNode node : facts.path("evaluations")) {
      Ranking.reported(node.path("valid"))
          .ifPresent(
              valid ->
                  evaluations.add(
                      new ReportModel.Evaluation(
                          node.path("epoch").asInt(), node.path("loss").asDouble(), valid)));
    }
    JsonNode baselines = facts.path("baselines");
    return new ReportModel.Surrogate(
        evaluations,
        facts.path("kept_epoch").asInt(),
        Ranking.reported(facts.path("test")),
        List.of(
            baseline("most popular", baselines.path("popularity")),
            baseline("successor counts", baselines.path("successors"))));
  }

  private static ReportModel.Baseline baseline(String name, JsonNode facts) {
    return new ReportModel.Baseline(
        name, Ranking.reported(facts.path("valid")), Ranking.reported(facts.path("test")));
  }

  private ReportModel.Influence influence(JsonNode solution) {
    InfluenceOptions options = context.options().influence();
    List<String> remarks = new ArrayList<>();
    if (solution.hasNonNull("note")) {
      remarks.add(solution.path("note").asText());
    }
    return new ReportModel.Influence(
        solution.path("solver").asText(),
        options.curvature(),
        solution.path("damping").asDouble(),
        options.damping(),
        solution.path("iterations").asLong(),
        solution.path("residual").asDouble(),
        remarks);
  }

  private Map<String, String> effort(JsonNode facts) {
    EffortOptions options = context.options().effort();
    Map<String, String> effort = new LinkedHashMap<>();
    effort.put("model", context.checkpoint().orElseThrow().config().architecture());
    effort.put("adapter", facts.path("adapter").asText());
    effort.put("parameters", options.params());
    effort.put("loss", options.loss());
    effort.put("cutoff", Integer.toString(options.cutoff()));
    effort.put("tokens", facts.path("tokens").asText());
    JsonNode measured = facts.path("measured");
    if (!measured.isMissingNode()) { // absent where a resumed run found all scores there
      effort.put("time and memory", EffortScoring.measuredLine(measured));
    }
    return effort;
  }

  private List<String> notes() {
    List<String> notes = new ArrayList<>();
    if (context.options().llm().isEmpty()) {
      notes.add(Prune.WITHOUT_LLM);
    } else if (context.dataset().prompt().generic()) {
      notes.add(Prune.GENERIC_PROMPT);
    }
    JsonNode note = facts(StageName.TRAIN_SURROGATE).path("note");
    if (note.isTextual()) {
      notes.add(note.asText());
    }
    return notes;
  }
}
