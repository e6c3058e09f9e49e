// SPDX-License-Identifier: Apache-2.0
package dev.coppice.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.coppice.data.Dataset;
import dev.coppice.data.Prompt;
import dev.coppice.data.Scores;
import dev.coppice.data.Sequences;
import dev.coppice.io.ScoreCsv;
import dev.coppice.select.Selection;
import dev.coppice.select.SelectionConfig;
import dev.coppice.select.Selector;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunReportTest {
  private static final Pattern DATA =
      Pattern.compile("<script type=\"application/json\" id=\"coppice-data\">(.*?)</script>");

  private static JsonNode data(String page) throws IOException {
    Matcher matcher = DATA.matcher(page);
    assertTrue(matcher.find(), "no data block");
    return new ObjectMapper().readTree(matcher.group(1));
  }

  private static int[] ints(JsonNode array) {
    return IntStream.range(0, array.size()).map(i -> array.get(i).intValue()).toArray();
  }

  @Test
  void theNumbersInThePageAreThoseOfTheCsv(@TempDir Path folder) throws IOException {
    ReportModel made = ReportFixture.model(500, true, true);
    Path csv = folder.resolve("scores.csv");
    ScoreCsv.write(csv, made.scores());
    JsonNode rows = data(RunReport.html(made)).get("rows");
    List<String> lines = Files.readAllLines(csv);
    List<String> head = List.of(lines.get(0).split(","));
    assertEquals(List.of("sample", "influence", "effort", "overall"), head);
    assertEquals(lines.size() - 1, rows.get("sample").size());
    for (int line = 1; line < lines.size(); line++) {
      String[] cells = lines.get(line).split(",");
      assertEquals(Integer.parseInt(cells[0]), rows.get("sample").get(line - 1).intValue());
      for (int c = 1; c < cells.length; c++) {
        double shown = rows.get(head.get(c)).get(line - 1).doubleValue();
        assertEquals(
            Double.doubleToLongBits(Double.parseDouble(cells[c])),
            Double.doubleToLongBits(shown),
            head.get(c) + " of line " + (line + 1));
      }
    }
  }

  @Test
  void theSelectionInThePageIsTheSelection() throws IOException {
    ReportModel model = ReportFixture.model(2000, true, true);
    Selection selection = model.selection();
    JsonNode data = data(RunReport.html(model));
    assertArrayEquals(selection.selected(), ints(data.get("selected")));
    assertArrayEquals(selection.stratum(), ints(data.get("rows").get("stratum")));
    assertArrayEquals(selection.sizes(), ints(data.get("strata").get("sizes")));
    assertArrayEquals(selection.counts(), ints(data.get("strata").get("counts")));
    assertEquals(200, data.get("strata").get("hardPruned").intValue());
    int[] marks = ints(data.get("rows").get("selected"));
    int[] marked =
        IntStream.range(0, marks.length)
            .filter(row -> marks[row] == 1)
            .map(row -> selection.samples()[row])
            .toArray();
    assertArrayEquals(selection.selected(), marked);
    JsonNode histogram = data.get("histograms").get("effort");
    int counted =
        Arrays.stream(ints(histogram.get("counts"))).sum()
            + histogram.get("below").get(0).intValue()
            + histogram.get("above").get(0).intValue();
    assertEquals(2000, counted);
    assertEquals(0.002089, data.get("influence").get("damping").doubleValue());
    assertEquals(30, data.get("surrogate").get("keptEpoch").intValue());
    assertEquals(812.9, data.get("stages").get(2).get("seconds").doubleValue());
  }

  @Test
  void theCurvatureInThePageIsTheStudy() throws IOException {
    String page = RunReport.html(ReportFixture.model(300, true, true));
    JsonNode curvature = data(page).get("curvature");
    assertEquals(1024, curvature.get("top").intValue());
    assertEquals(4, curvature.get("rows").size());
    assertEquals(0.9613, curvature.get("rows").get(0).get("spearman").doubleValue());
    assertTrue(curvature.get("rows").get(1).get("used").booleanValue());
    assertTrue(curvature.get("rows").get(2).get("indefinite").booleanValue());
    assertFalse(curvature.get("rows").get(2).has("spearman"));
    JsonNode spectrum = curvature.get("spectra").get(0);
    assertEquals(0.022, spectrum.get("largest").doubleValue());
    assertEquals(300, spectrum.get("y").size());
    assertTrue(page.contains("<section id=\"curvature\">") && page.contains("href=#curvature"));
    assertTrue(page.contains("<td>0.9613</td><td>87.2\u202f%</td>".replace("><td", ">\n<td")));
    assertTrue(page.contains("hessian \u2605") && page.contains("0.02200 \u00b1 4.000e\u221219"));
    String without = RunReport.html(ReportFixture.model(300, false, true));
    assertFalse(without.contains("id=\"curvature\"") || without.contains("#curvature"));
  }

  /** One eigenvalue in the middle: a bell of its weight, a hundredth of the range wide. */
  @Test
  void theDensityIsASumOfBells() {
    double[][] curve =
        new CurvatureEffect.Spectrum("hessian", 1, 0, 0, 0, new double[] {0.5}, new double[] {0.3})
            .curve();
    assertEquals(-0.03, curve[0][0], 1e-15);
    assertEquals(1.03, curve[0][299], 1e-15);
    for (int p = 0; p < 300; p++) {
      double z = (curve[0][p] - 0.5) / 0.01;
      assertEquals(0.3 * Math.exp(-z * z / 2), curve[1][p], 1e-15);
    }
  }

  @Test
  void textsFromDataStayText() throws IOException {
    String page = RunReport.html(ReportFixture.model(300, true, true));
    assertTrue(page.contains("<h1>games &amp; &quot;friends&quot;</h1>"));
    assertTrue(page.contains("Tom Clancy&#39;s &quot;Rainbow Six&quot; &lt;Vegas&gt; &amp; more"));
    assertTrue(page.contains("{{data}} $1 \\ \u2028 \ud83c\udfae"), "no template in a title");
    assertTrue(page.contains("no item &lt;after&gt; holdout"));
    assertFalse(page.contains("<script>document"));
    assertFalse(page.contains("<!-- <script>"));
    assertEquals(4, count(page, "</script>"), "data, Chart.js, figures, report");
    assertEquals("games & \"friends\"", data(page).get("title").textValue());
  }

  @Test
  void aTitleCannotEndTheDataBlock() throws IOException {
    ReportModel model = ReportFixture.model(20, true, false);
    String bad = "</script><!-- <script>";
    ReportModel renamed = titled(model, bad);
    String page = RunReport.html(renamed);
    assertEquals(bad, data(page).get("title").textValue());
    assertEquals(4, count(page, "</script>"));
  }

  @Test
  void namesNoOtherPlace() {
    String page = RunReport.html(ReportFixture.model(50, true, true));
    assertTrue(page.contains("default-src 'none'"));
    String ours = page.replace(ChartLibrary.source(), "");
    Matcher address = Pattern.compile("https?:|//[a-z]|@import|url\\(").matcher(ours);
    while (address.find()) {
      String around = ours.substring(Math.max(0, address.start() - 30), address.end());
      assertTrue(address.group().equals("//u") || around.matches("(?s).*\\n\\s*// ?\\w?"), around);
    }
    assertFalse(page.contains("sourceMappingURL"));
    assertTrue(page.contains("Released under the MIT License"), "the licence of Chart.js");
  }

  @Test
  void oneScoreAloneIsReported() throws IOException {
    String influence = RunReport.html(ReportFixture.model(100, true, false));
    assertTrue(influence.contains("No LLM given: pruned by influence alone."));
    assertTrue(influence.contains("data-chart=\"influence\""));
    assertFalse(influence.contains("data-chart=\"effort\""));
    assertFalse(influence.contains("data-chart=\"scatter\""));
    assertFalse(data(influence).get("rows").has("effort"));
    String effort = RunReport.html(ReportFixture.model(100, false, true));
    assertFalse(effort.contains("data-chart=\"influence\""));
    assertFalse(effort.contains("How influence was solved"));
    assertTrue(effort.contains("data-chart=\"effort\""));
  }

  @Test
  void shownSamplesAreTheExtremesOnce() {
    int[] samples = IntStream.range(0, 25).toArray();
    double[] overall = Arrays.stream(samples).mapToDouble(s -> (7 * s) % 25).toArray();
    SelectionConfig config = new SelectionConfig(SelectionConfig.Strategy.TOP, 1, 0, 5, 0, 1);
    int[] shown = RunReport.shownSamples(Selector.select(config, samples, overall));
    assertEquals(20, shown.length);
    assertEquals(24, overall[shown[0]]);
    assertEquals(15, overall[shown[9]]);
    assertEquals(9, overall[shown[10]]);
    assertEquals(0, overall[shown[19]]);
    int[] few = Arrays.copyOf(samples, 13);
    Selection small = Selector.select(config, few, Arrays.copyOf(overall, 13));
    assertEquals(13, Arrays.stream(RunReport.shownSamples(small)).distinct().count());
    assertEquals(13, RunReport.shownSamples(small).length);
  }

  @Test
  void manySamplesAreThinnedButAllAreCounted() throws IOException {
    ReportModel model = ReportFixture.model(3000, true, true);
    String page = RunReport.html(model, 400);
    JsonNode data = data(page);
    assertEquals(400, data.get("rows").get("sample").size());
    assertEquals(3000, data.get("samples").intValue());
    assertEquals(66, Arrays.stream(ints(data.get("rows").get("selected"))).sum());
    assertArrayEquals(model.selection().selected(), ints(data.get("selected")));
    assertTrue(page.contains("400 of 3,000 samples are drawn"));
    assertEquals(
        data(RunReport.html(model)).get("histograms"), data.get("histograms"), "all are counted");
    int[] ids = ints(data.get("rows").get("sample"));
    assertArrayEquals(Arrays.stream(ids).sorted().distinct().toArray(), ids);
  }

  @Test
  void theSameModelGivesTheSamePage() {
    assertEquals(
        RunReport.html(ReportFixture.model(200, true, true)),
        RunReport.html(ReportFixture.model(200, true, true)));
  }

  @Test
  void aRunWithoutValidationOrUnscorableSamplesSaysSo() {
    ReportModel model = ReportFixture.model(60, true, true);
    ReportModel.Surrogate surrogate =
        new ReportModel.Surrogate(List.of(), 7, Optional.empty(), List.of());
    String page = RunReport.html(with(model, Optional.of(surrogate)));
    assertTrue(page.contains("no epoch was evaluated: the checkpoint of the last epoch (7)"));
    assertFalse(page.contains("data-chart=\"recall\""));
    assertTrue(page.contains("Every sample has a score."));
    assertFalse(
        RunReport.html(with(model, Optional.empty())).contains("<section id=\"surrogate\">"));
  }

  @Test
  void refusesPartsThatDisagree() {
    ReportModel model = ReportFixture.model(30, true, true);
    Scores fewer = ReportFixture.model(20, true, true).scores();
    assertThrows(IllegalArgumentException.class, () -> ReportFixture.of(fewer, model.selection()));
    Scores without = Scores.of(model.scores().samples(), Map.of("loss", new double[30]));
    assertThrows(
        IllegalArgumentException.class, () -> ReportFixture.of(without, model.selection()));
    assertThrows(
        IllegalArgumentException.class,
        () -> new ReportModel.Ranking(new double[3], new double[4]));
  }

  @Test
  void aSampleTextIsItsTrainingRowAsTitles() {
    Sequences train = new Sequences(new int[] {0, 3, 4}, new int[] {2, 1, 3, 1});
    Sequences none = new Sequences(new int[] {0, 0, 0}, new int[0]);
    String[] titles = {null, "one", "two", "three"};
    Prompt prompt = new Prompt("i", "{history}", ", ", true);
    Dataset dataset =
        new Dataset(List.of("u", "v"), train, none, none, titles, prompt, Optional.empty());
    assertEquals(
        new ReportModel.SampleText(0, List.of("two", "one"), "three"),
        ReportModel.SampleText.of(dataset, 0));
    assertEquals(
        new ReportModel.SampleText(1, List.of(), "one"), ReportModel.SampleText.of(dataset, 1));
  }

  private static ReportModel titled(ReportModel m, String title) {
    return new ReportModel(
        title,
        m.options(),
        m.stages(),
        m.environment(),
        m.surrogate(),
        m.influence(),
        m.curvature(),
        m.effort(),
        m.scores(),
        m.selection(),
        m.texts(),
        m.unscorable(),
        m.notes(),
        m.commands(),
        m.fingerprints());
  }

  private static ReportModel with(ReportModel m, Optional<ReportModel.Surrogate> surrogate) {
    return new ReportModel(
        m.title(),
        new LinkedHashMap<>(),
        m.stages(),
        m.environment(),
        surrogate,
        m.influence(),
        m.curvature(),
        m.effort(),
        m.scores(),
        m.selection(),
        m.texts(),
        List.of(),
        m.notes(),
        m.commands(),
        m.fingerprints());
  }

  private static int count(String text, String part) {
    return text.split(Pattern.quote(part), -1).length - 1;
  }
}
