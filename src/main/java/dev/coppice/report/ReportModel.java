// SPDX-License-Identifier: Apache-2.0
package dev.coppice.report;

import dev.coppice.data.Dataset;
import dev.coppice.data.Scores;
import dev.coppice.data.Unscorable;
import dev.coppice.select.OverallScore;
import dev.coppice.select.Selection;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Everything a report shows, as plain values. Maps are shown in their own order; use a
 * LinkedHashMap. All text is escaped when the page is made.
 *
 * @param title what the page is called, for example "Coppice run: games"
 * @param options what was asked: option name to value
 * @param stages stages in the order they ran
 * @param environment backend, device, threads, versions: name to value
 * @param surrogate how well the surrogate ranks; empty where the run had no training
 * @param influence how the influence system was solved; empty where there is no influence score
 * @param curvature how much the curvature changes influence; empty where that was not looked at
 * @param effort facts of the effort score (language model, adapter, parameters, loss, cutoff);
 *     empty where there is none
 * @param scores columns influence and effort (as far as given) and overall, over the samples of
 *     {@code selection}; other columns travel with the page's data but are not shown
 * @param selection what is kept
 * @param texts titles of the samples that {@link RunReport#shownSamples} names
 * @param unscorable samples without a score
 * @param notes remarks that a reader must see, for example "no LLM given: pruned by influence
 *     alone"
 * @param commands command lines that repeat the run
 * @param fingerprints input file to its SHA-256 or weights fingerprint
 */
public record ReportModel(
    String title,
    Map<String, String> options,
    List<Stage> stages,
    Map<String, String> environment,
    Optional<Surrogate> surrogate,
    Optional<Influence> influence,
    Optional<CurvatureEffect> curvature,
    Map<String, String> effort,
    Scores scores,
    Selection selection,
    List<SampleText> texts,
    List<Unscorable> unscorable,
    List<String> notes,
    List<String> commands,
    Map<String, String> fingerprints) {

  /** The cutoffs K of {@link Ranking}. */
  public static final List<Integer> CUTOFFS = List.of(5, 10, 20, 50);

  /**
   * Checks that there is something to report and that the parts agree.
   *
   * @throws IllegalArgumentException if there is no score, the column overall is missing, or scores
   *     and selection are of different samples
   */
  public ReportModel {
    if (scores.size() == 0 || !scores.has(OverallScore.OVERALL)) {
      throw new IllegalArgumentException("no sample, or no overall score, to report");
    }
    if (!Arrays.equals(scores.samples(), selection.samples())) {
      throw new IllegalArgumentException("scores and selection are of different samples");
    }
  }

  /**
   * One stage of the run.
   *
   * @param name what it is called in run.json
   * @param seconds wall time, summed over restarts
   * @param reused whether an earlier run had finished it and its result was taken
   * @param counters what it did: name to number with unit, for example "epochs" to "10"
   */
  public record Stage(String name, double seconds, boolean reused, Map<String, String> counters) {}

  /**
   * Ranking metrics, shares in [0, 1].
   *
   * @param recall Recall@K for K in {@link #CUTOFFS}
   * @param ndcg NDCG@K for K in {@link #CUTOFFS}
   */
  public record Ranking(double[] recall, double[] ndcg) {
    /**
     * Checks the lengths.
     *
     * @throws IllegalArgumentException if there is not one number a cutoff
     */
    public Ranking {
      if (recall.length != CUTOFFS.size() || ndcg.length != CUTOFFS.size()) {
        throw new IllegalArgumentException(
            recall.length + " recalls and " + ndcg.length + " ndcgs for cutoffs " + CUTOFFS);
      }
    }
  }

  /**
   * One evaluated epoch.
   *
   * @param epoch number of epochs trained, from 1
   * @param loss mean training loss of that epoch
   * @param valid metrics on the validation items
   */
  public record Evaluation(int epoch, double loss, Ranking valid) {}

  /**
   * What the surrogate is compared with.
   *
   * @param name "most popular", "successor counts"
   * @param valid metrics on the validation items; empty where there are none
   * @param test metrics on the test items; empty where there are none
   */
  public record Baseline(String name, Optional<Ranking> valid, Optional<Ranking> test) {}

  /**
   * The surrogate's training.
   *
   * @param evaluations evaluated epochs, ascending; empty where there are no validation items
   * @param keptEpoch epoch of the checkpoint that scored the samples
   * @param test metrics of that checkpoint on the test items
   * @param baselines what it is compared with
   */
  public record Surrogate(
      List<Evaluation> evaluations,
      int keptEpoch,
      Optional<Ranking> test,
      List<Baseline> baselines) {
    /** Validation metrics of the kept epoch. */
    public Optional<Ranking> keptValid() {
      return evaluations.stream()
          .filter(e -> e.epoch() == keptEpoch)
          .map(Evaluation::valid)
          .findFirst();
    }
  }

  /**
   * How (H + damping I) q = gbar was solved.
   *
   * @param solver cg, direct or lissa
   * @param curvature hessian or gauss-newton
   * @param damping the ridge added to the Hessian, in units of its eigenvalues
   * @param asked the damping as it was asked for: a number, or a multiple of the largest eigenvalue
   * @param iterations Hessian-vector products
   * @param residual {@code ||(H + damping I) q - gbar|| / ||gbar||}
   * @param remarks such as "indefinite: negative curvature met, MINRES used"
   */
  public record Influence(
      String solver,
      String curvature,
      double damping,
      String asked,
      long iterations,
      double residual,
      List<String> remarks) {}

  /**
   * A sample's items as titles.
   *
   * @param sample its id
   * @param history titles of the items before the target, oldest first
   * @param target title of the last item
   */
  public record SampleText(int sample, List<String> history, String target) {
    /** The text of a sample of a data set: a row of its training items. */
    public static SampleText of(Dataset dataset, int sample) {
      int last = dataset.train().length(sample) - 1;
      List<String> titles =
          IntStream.rangeClosed(0, last)
              .mapToObj(k -> dataset.titles()[dataset.train().item(sample, k)])
              .toList();
      return new SampleText(sample, titles.subList(0, last), titles.get(last));
    }
  }
}
