// SPDX-License-Identifier: Apache-2.0
package dev.coppice.report;

import dev.coppice.data.Scores;
import dev.coppice.data.Unscorable;
import dev.coppice.select.OverallScore;
import dev.coppice.select.Selection;
import dev.coppice.select.SelectionConfig;
import dev.coppice.select.Selector;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;

/** Made-up runs of any size, with the shapes of real ones: heavy tails, odd titles. */
final class ReportFixture {
  /** Titles that break a page which does not escape. */
  static final List<String> ODD_TITLES =
      List.of(
          "Tom Clancy's \"Rainbow Six\" <Vegas> & more",
          "</script><script>document.title = 'broken'</script>",
          "<!-- <script> a comment that hides the rest",
          "\u30bc\u30eb\u30c0\u306e\u4f1d\u8aac {{data}} $1 \\ \u2028 \ud83c\udfae",
          "Super Mario Galaxy 2 - Nintendo Wii",
          "Call of Duty: Modern Warfare 3 Collector's Edition with Soundtrack, Steel Case & Map");

  private ReportFixture() {}

  /** A run of {@code count} scored samples with the score columns named. */
  static ReportModel model(int count, boolean influence, boolean effort) {
    int[] samples = IntStream.range(0, count).map(s -> s + s / 13).toArray();
    Random random = new Random(7);
    Map<String, double[]> columns = new LinkedHashMap<>();
    if (influence) {
      columns.put("influence", draw(count, () -> 4e-4 * heavy(random)));
    }
    if (effort) {
      columns.put("effort", draw(count, () -> Math.exp(-2.5 + 0.45 * random.nextGaussian())));
    }
    Scores scores = OverallScore.combine(Scores.of(samples, columns), 0.3);
    SelectionConfig config =
        new SelectionConfig(
            SelectionConfig.Strategy.COVERAGE, Math.max(1, count / 45), 0.3, 50, 0.1, 42);
    Selection selection = Selector.select(config, scores.samples(), scores.column("overall"));
    return of(scores, selection);
  }

  /** The model around scores and a selection. */
  static ReportModel of(Scores scores, Selection selection) {
    List<String> notes =
        scores.has("effort") ? List.of() : List.of("No LLM given: pruned by influence alone.");
    return new ReportModel(
        "games & \"friends\"",
        options(),
        stages(),
        environment(),
        Optional.of(surrogate(40)),
        scores.has("influence")
            ? Optional.of(
                new ReportModel.Influence(
                    "cg",
                    "hessian",
                    0.002089,
                    "0.1x",
                    11,
                    3.7e-7,
                    List.of("indefinite: negative curvature met, solved by MINRES")))
            : Optional.empty(),
        scores.has("influence") ? Optional.of(curvature()) : Optional.empty(),
        scores.has("effort")
            ? Map.of("language model", "tiny-llama, 2 layers", "cutoff", "512 tokens")
            : Map.of(),
        scores,
        selection,
        texts(selection),
        unscorable(scores.size()),
        notes,
        List.of(
            "bin/coppice prune --data ../shared/data/games --llm ../shared/golden/tiny-llama \\\n"
                + "    --adapter ../shared/golden/tiny-llama/adapter --n 1024 --out run"),
        Map.of("train.txt", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"));
  }

  static ReportModel.Surrogate surrogate(int epochs) {
    List<ReportModel.Evaluation> evaluations = new ArrayList<>();
    for (int epoch = 5; epoch <= epochs; epoch += 5) {
      double learned = 1 - Math.exp(-epoch / 9.0) - 0.004 * Math.max(0, epoch - 25);
      evaluations.add(
          new ReportModel.Evaluation(epoch, 1.38 - 0.5 * learned, ranking(0.0179 * learned)));
    }
    return new ReportModel.Surrogate(
        evaluations,
        Math.min(30, epochs),
        Optional.of(ranking(0.0149)),
        List.of(
            new ReportModel.Baseline(
                "most popular items", Optional.of(ranking(0.0066)), Optional.of(ranking(0.0058))),
            new ReportModel.Baseline(
                "successor counts", Optional.of(ranking(0.0176)), Optional.of(ranking(0.0141)))));
  }

  static ReportModel.Ranking ranking(double recall10) {
    double[] recall = {recall10 * 0.61, recall10, recall10 * 1.52, recall10 * 2.7};
    double[] ndcg = {recall10 * 0.52, recall10 * 0.64, recall10 * 0.77, recall10 * 1.02};
    return new ReportModel.Ranking(recall, ndcg);
  }

  /** What a study of Games found, in round numbers. */
  static CurvatureEffect curvature() {
    double[] nodes = {-0.00023, 0.000004, 0.0001, 0.0004, 0.0012, 0.0028, 0.0074, 0.0164, 0.022};
    double[] weights = {0.0015, 0.8, 0.12, 0.06, 0.015, 0.002, 0.0013, 0.00015, 0.00005};
    return new CurvatureEffect(
        List.of(
            new CurvatureEffect.Spectrum(
                "hessian", 0.022, 4e-19, -0.00023, 6.8e-6, nodes, weights)),
        1024,
        List.of(
            row("hessian", 0.022, 1, false, 0.9613, 0.8721),
            row("hessian", 0.0022, 0.1, true, 0.8, 0.62),
            new CurvatureEffect.Row(
                "hessian",
                0.00022,
                OptionalDouble.of(0.01),
                false,
                true,
                OptionalDouble.empty(),
                OptionalDouble.empty(),
                OptionalDouble.empty()),
            row("gauss-newton", 0.022, 1, false, 0.9623, 0.8731)));
  }

  private static CurvatureEffect.Row row(
      String curvature,
      double damping,
      double relative,
      boolean used,
      double spearman,
      double overlap) {
    return new CurvatureEffect.Row(
        curvature,
        damping,
        OptionalDouble.of(relative),
        used,
        false,
        OptionalDouble.of(0.0071),
        OptionalDouble.of(spearman),
        OptionalDouble.of(overlap));
  }

  private static Map<String, String> options() {
    Map<String, String> options = new LinkedHashMap<>();
    options.put("--data", "../shared/data/games");
    options.put("--llm", "../shared/golden/tiny-llama");
    options.put("--n", "1024");
    options.put("--lambda", "0.3");
    options.put("--strategy", "coverage");
    options.put("--strata", "50");
    options.put("--hard-prune", "0.1");
    options.put("--epochs", "40");
    options.put("--solver", "cg");
    options.put("--damping", "0.25");
    options.put("--seed", "42");
    return options;
  }

  private static List<ReportModel.Stage> stages() {
    return List.of(
        new ReportModel.Stage(
            "train-surrogate", 176.2, false, Map.of("epochs", "40", "positions", "9,804,680")),
        new ReportModel.Stage("score-influence", 6.41, false, Map.of("samples", "45,774")),
        new ReportModel.Stage("score-effort", 812.9, true, Map.of("tokens", "22,731,004")),
        new ReportModel.Stage("select", 0.31, false, Map.of()),
        new ReportModel.Stage("report", 0.9, false, Map.of()));
  }

  private static Map<String, String> environment() {
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put("Coppice", "0.1.0");
    environment.put("backend", "cpu (AVX2, 2 threads)");
    environment.put("Java", "17.0.14");
    environment.put("BLAS", "OpenBLAS 0.3.31");
    environment.put("machine", "Linux 6.1 amd64");
    return environment;
  }

  private static List<ReportModel.SampleText> texts(Selection selection) {
    List<ReportModel.SampleText> texts = new ArrayList<>();
    for (int sample : RunReport.shownSamples(selection)) {
      int length = 1 + sample % 11;
      List<String> history =
          IntStream.range(0, length)
              .mapToObj(k -> ODD_TITLES.get((sample + k) % ODD_TITLES.size()))
              .toList();
      texts.add(
          new ReportModel.SampleText(
              sample, history, ODD_TITLES.get((sample + length) % ODD_TITLES.size())));
    }
    return texts;
  }

  private static List<Unscorable> unscorable(int count) {
    List<Unscorable> unscorable = new ArrayList<>();
    for (int sample = 12; sample < count; sample += 13) {
      unscorable.add(
          new Unscorable(
              sample, sample % 3 == 0 ? "one item: no target" : "no item <after> holdout"));
    }
    return unscorable;
  }

  /** Student's t with three degrees of freedom: most near 0, a few far away. */
  private static double heavy(Random random) {
    double chi = 0;
    for (int k = 0; k < 3; k++) {
      double z = random.nextGaussian();
      chi += z * z;
    }
    return 0.3 + random.nextGaussian() / Math.sqrt(chi / 3);
  }

  private static double[] draw(int count, DoubleSupplier draw) {
    double[] values = new double[count];
    Arrays.setAll(values, s -> draw.getAsDouble());
    return values;
  }
}
