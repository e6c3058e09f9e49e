// SPDX-License-Identifier: Apache-2.0
package dev.coppice.report;

import dev.coppice.random.Philox;
import dev.coppice.random.Purpose;
import dev.coppice.select.OverallScore;
import dev.coppice.select.Selection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * The report of a run as one HTML page: style, charts and numbers are in it, nothing is fetched.
 */
public final class RunReport {
  /** How many samples with the highest, and how many with the lowest overall score are shown. */
  public static final int SHOWN = 10;

  /** How many ids of unscorable samples are shown for each reason. */
  public static final int UNSCORABLE_SHOWN = 50;

  /**
   * Most samples whose numbers travel in the page, so that a browser opens it at any size of the
   * data. With more, all selected ones and a seeded choice of the others are in it; histograms and
   * strata still count every sample.
   */
  public static final int ROW_LIMIT = 100_000;

  private static final Pattern PLACE = Pattern.compile("\\{\\{([a-z]+)}}");

  private RunReport() {}

  /**
   * The page.
   *
   * @return a complete HTML document in UTF-8 text; the same model gives the same text
   */
  public static String html(ReportModel model) {
    return html(model, ROW_LIMIT);
  }

  static String html(ReportModel model, int rowLimit) {
    ReportData data = new ReportData(model);
    int[] rows = rows(data.kept(), model.scores().samples(), rowLimit);
    Map<String, String> parts = new HashMap<>();
    parts.put("title", Html.escape(model.title()));
    parts.put("style", ChartLibrary.page("report.css"));
    parts.put("overview", new OverviewSections(model).html());
    parts.put("surrogate", new SurrogateSection(model).html());
    parts.put("scores", new ScoreSections(model, data, rows.length).html());
    parts.put("curvature", new CurvatureSection(model).html());
    parts.put("samples", new SampleSections(model).html());
    parts.put("end", new EndSections(model).html());
    parts.put("data", data.json(rows));
    parts.put("library", ChartLibrary.source());
    parts.put("figures", ChartLibrary.page("figures.js"));
    parts.put("script", ChartLibrary.page("report.js"));
    return fill(ChartLibrary.page("report.html"), parts);
  }

  /**
   * The samples whose titles the report shows: the first and the last {@link #SHOWN} in the order
   * of the overall score, best first; each once.
   */
  public static int[] shownSamples(Selection selection) {
    int[] order = OverallScore.order(selection.samples(), selection.overall());
    int last = Math.max(SHOWN, order.length - SHOWN);
    return IntStream.range(0, order.length)
        .filter(rank -> rank < SHOWN || rank >= last)
        .map(rank -> selection.samples()[order[rank]])
        .toArray();
  }

  /** Rows of the scores that travel in the page, ascending. */
  private static int[] rows(boolean[] kept, int[] samples, int limit) {
    Comparator<Integer> keptFirst = Comparator.comparing(row -> !kept[row]);
    return IntStream.range(0, kept.length)
        .boxed()
        .sorted(keptFirst.thenComparingLong(row -> draw(samples[row])))
        .limit(limit)
        .mapToInt(Integer::intValue)
        .sorted()
        .toArray();
  }

  private static long draw(int sample) {
    return Philox.key(0, Purpose.SELECTION, sample, 0, 0) ^ Long.MIN_VALUE; // unsigned order
  }

  private static String fill(String template, Map<String, String> parts) {
    Matcher matcher = PLACE.matcher(template);
    StringBuilder page = new StringBuilder();
    while (matcher.find()) {
      String part = parts.remove(matcher.group(1));
      if (part == null) {
        throw new IllegalStateException("no part for " + matcher.group());
      }
      matcher.appendReplacement(page, Matcher.quoteReplacement(part));
    }
    if (!parts.isEmpty()) {
      throw new IllegalStateException("no place for " + parts.keySet());
    }
    return matcher.appendTail(page).toString();
  }
}
