// SPDX-License-Identifier: Apache-2.0
package dev.coppice.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.coppice.data.Scores;
import dev.coppice.data.SurrogateSamples;
import dev.coppice.io.ContentHash;
import dev.coppice.io.JsonFile;
import dev.coppice.io.ScoreCsv;
import dev.coppice.model.SurrogateWeights;
import dev.coppice.score.InfluenceBatch;
import dev.coppice.score.InfluenceScorer;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Scores influence; its units are the solution of the linear system and then segments. */
final class ScoreInfluenceStage implements Stage {
  static final String OUTPUT = "influence.csv";
  static final List<String> COLUMNS = List.of("influence", "loss", "grad_norm");

  /** Samples a segment: a fraction of a second to score, and few enough segments. */
  private static final int SEGMENT = 4096;

  private static final String SOLUTION = "influence-solution.json";
  private static final String SEGMENTS = "influence.segments";
  private static final ObjectMapper MAPPER = JsonMapper.builder().build();

  private final RunContext context;

  ScoreInfluenceStage(RunContext context) {
    this.context = context;
  }

  @Override
  public StageName name() {
    return StageName.SCORE_INFLUENCE;
  }

  @Override
  public Map<String, String> inputs() {
    Map<String, String> inputs = new LinkedHashMap<>(context.engine());
    inputs.putAll(RunOption.inputsOf(name(), context.options()));
    inputs.put("items", Integer.toString(context.dataset().items()));
    inputs.putAll(context.files().of("data/train.txt", "data/negatives.txt"));
    String surrogate = TrainSurrogateStage.OUTPUT;
    inputs.put(surrogate, ContentHash.sha256(context.folder().file(surrogate)));
    return inputs;
  }

  @Override
  public List<String> outputs() {
    return List.of(OUTPUT);
  }

  @Override
  public void discard() throws IOException {
    Files.deleteIfExists(context.folder().work(SOLUTION));
    Files.deleteIfExists(context.folder().work(SEGMENTS));
  }

  @Override
  public void run(StageRun run) throws IOException {
    PruneOptions options = context.options();
    SurrogateView view =
        new SurrogateView(Optional.empty(), Optional.empty(), options.train().holdout());
    SurrogateWeights weights =
        SurrogateFile.read(
            context.folder().file(TrainSurrogateStage.OUTPUT), view, context.dataset().items());
    SurrogateSamples samples =
        SurrogateTraining.samples(
            options.data(),
            context.dataset(),
            weights.config().maxLen(),
            view.holdout(),
            options.run().seed());
    Scores scores;
    try (InfluenceScorer scorer =
            InfluenceSetup.scorer(
                context.backend(), weights, samples, options.influence(), options.run().seed());
        ScoreSegments segments =
            ScoreSegments.open(context.folder().work(SEGMENTS), run.key(), COLUMNS)) {
      score(run, scorer, segments, samples.scorable());
      scores = segments.scores();
    }
    run.fact("unscorable", UnscorableFacts.of(samples.unscorable()));
    ScoreCsv.write(context.folder().file(OUTPUT), scores);
  }

  private void score(StageRun run, InfluenceScorer scorer, ScoreSegments segments, int[] scorable)
      throws IOException {
    int[] left = Arrays.stream(scorable).filter(sample -> !segments.has(sample)).toArray();
    Optional<double[]> saved = savedSolution(run);
    int portions = (left.length + SEGMENT - 1) / SEGMENT;
    int done = segments.count() + (saved.isPresent() ? 1 : 0);
    run.found(done, segments.count() + portions + 1);
    if (saved.isPresent()) {
      scorer.use(saved.get());
    } else {
      run.progress().message(name().label() + ": solving for the influence direction");
      run.begin();
      InfluenceSolution solution =
          InfluenceSolution.of(scorer, context.options().influence(), run.progress());
      saveSolution(run, solution);
      run.end();
    }
    try (Progress.Task task =
        run.progress()
            .start(name().label(), scorable.length - left.length, scorable.length, "samples")) {
      for (int from = 0; from < left.length; from += SEGMENT) {
        int[] ids = Arrays.copyOfRange(left, from, Math.min(left.length, from + SEGMENT));
        run.begin();
        InfluenceBatch batch = scorer.score(ids);
        segments.append(ids, batch.influence(), batch.loss(), batch.gradNorm());
        task.advance(ids.length, "");
        run.end();
      }
    }
  }

  private Optional<double[]> savedSolution(StageRun run) {
    if (!Files.exists(context.folder().work(SOLUTION))) {
      return Optional.empty();
    }
    JsonNode saved = JsonFile.read(context.folder().work(SOLUTION));
    if (!saved.path("key").asText().equals(HexFormat.of().formatHex(run.key()))) {
      return Optional.empty();
    }
    run.fact("solution", saved.path("facts"));
    double[] q = new double[saved.path("q").size()];
    for (int i = 0; i < q.length; i++) {
      q[i] = saved.path("q").get(i).asDouble();
    }
    return Optional.of(q);
  }

  private void saveSolution(StageRun run, InfluenceSolution solution) throws IOException {
    Map<String, Object> saved = new LinkedHashMap<>();
    saved.put("key", HexFormat.of().formatHex(run.key()));
    saved.put("facts", solution.facts());
    saved.put("q", solution.q());
    JsonFile.write(context.folder().work(SOLUTION), saved);
    run.fact("solution", MAPPER.valueToTree(solution.facts()));
    run.progress().message(name().label() + ": " + solution.line());
  }
}
