// SPDX-License-Identifier: Apache-2.0
package dev.coppice.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Opens the report in headless Chromium. Without one the tests are reported as skipped; with {@code
 * -Dcoppice.require=chromium} that is a failure. The pages stay in target/report-in-browser.
 */
class ReportInBrowserTest {
  private static final Path FOLDER = Path.of("target", "report-in-browser").toAbsolutePath();

  /** Runs before anything else in the page and keeps every complaint of the browser. */
  private static final String LISTEN =
      """
      <script>
      window.complaints = [];
      addEventListener("error", (e) => complaints.push(e.message));
      addEventListener("unhandledrejection", (e) => complaints.push(String(e.reason)));
      addEventListener("securitypolicyviolation", (e) => complaints.push(e.violatedDirective));
      console.error = console.warn = (...words) => complaints.push(words.join(" "));
      </script>
      """;

  /**
   * The page in a frame of the width asked for (a headless window is never below 500), and what the
   * page reports on the root element.
   */
  private static final String FRAME =
      """
      <!doctype html>
      <script>
      addEventListener("message", (e) => Object.assign(document.documentElement.dataset, e.data));
      </script>
      <iframe src="%s" width="%d" height="900" style="border: 0"></iframe>
      """;

  /** Looks at the finished page, uses it, and tells the frame what it saw. */
  private static final String LOOK =
      """
      <script>
      addEventListener("load", () => setTimeout(() => {
        const seen = document.documentElement.dataset;
        const canvases = [...document.querySelectorAll("canvas")];
        const pixels = (canvas, counts) => {
          const copy = new OffscreenCanvas(canvas.width, canvas.height)
            .getContext("2d", { willReadFrequently: true });
          copy.drawImage(canvas, 0, 0);
          const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
          let count = 0;
          for (let at = 0; at < data.length; at += 4) {
            count += counts(data[at], data[at + 1], data[at + 2], data[at + 3]) ? 1 : 0;
          }
          return count;
        };
        const anything = (r, g, b, alpha) => alpha > 0;
        // axes and text are grey, bars, lines and points are not
        const colour = (r, g, b) => Math.max(r, g, b) - Math.min(r, g, b) > 25;
        const coloured = () => canvases.map((canvas) => pixels(canvas, colour));
        const moreThanLegends = (number) => number > 1500;
        const count = () => coloured().filter(moreThanLegends).length;
        const scatter = document.querySelector("canvas[data-chart=scatter]");
        const paper = () => getComputedStyle(document.body).backgroundColor;
        seen.canvases = canvases.length;
        seen.painted = count();
        seen.coloured = coloured().join(" ");
        seen.cloud = scatter ? pixels(scatter, anything) : 0;
        seen.overflow =
          document.documentElement.scrollWidth - document.documentElement.clientWidth;
        seen.wide = canvases.filter((c) => c.getBoundingClientRect().right
          > document.documentElement.clientWidth).length;
        seen.width = innerWidth;
        seen.screen = paper();
        const all = [...document.querySelectorAll(".views button")].pop();
        all?.click();
        seen.pressed = all?.getAttribute("aria-pressed") ?? "none";
        dispatchEvent(new Event("beforeprint"));
        seen.printed = paper();
        seen.repainted = count();
        dispatchEvent(new Event("afterprint"));
        seen.complaints = complaints.join(" | ");
        seen.looked = "true";
        parent.postMessage({ ...seen }, "*");
      }, 400));
      </script>
      """;

  private record Seen(String root, String complaints) {
    String get(String name) {
      Matcher matcher = Pattern.compile(" data-" + name + "=\"([^\"]*)\"").matcher(root);
      return matcher.find() ? matcher.group(1) : "absent";
    }
  }

  @BeforeAll
  static void startWithAnEmptyFolder() throws IOException {
    if (Files.exists(FOLDER)) {
      try (Stream<Path> inside = Files.walk(FOLDER)) {
        for (Path path : inside.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
    Files.createDirectories(FOLDER);
  }

  @ParameterizedTest(name = "{0} samples, influence {1}, effort {2}, {3} wide")
  @CsvSource({
    "45774, true, true, 1280, 8",
    "3000, true, true, 390, 8",
    "900, true, false, 390, 6",
    "1, false, true, 1280, 5"
  })
  void drawsEveryChartWithoutComplaint(
      int samples, boolean influence, boolean effort, int width, int charts)
      throws IOException, InterruptedException {
    Seen seen = open(ReportFixture.model(samples, influence, effort), width);
    assertEquals("true", seen.get("looked"), seen.root);
    assertEquals("", seen.get("complaints"));
    assertEquals("", seen.complaints);
    assertEquals("0", seen.get("errors"), seen.get("last-error"));
    String expected = Integer.toString(charts);
    assertEquals(expected, seen.get("charts"));
    assertEquals(expected, seen.get("canvases"));
    assertEquals(expected, seen.get("painted"), seen.get("coloured"));
    assertEquals(expected, seen.get("repainted"), "on paper");
    assertEquals(Integer.toString(width), seen.get("width"));
    assertTrue(Integer.parseInt(seen.get("overflow")) <= 0, "the page scrolls sideways");
    assertEquals("0", seen.get("wide"), "charts that reach beyond the screen");
    assertEquals(influence && effort ? "true" : "none", seen.get("pressed"));
    if (samples > 40_000) { // grid, axes and the kept samples alone are about 37,000 pixels
      assertTrue(Integer.parseInt(seen.get("cloud")) > 60_000, seen.get("cloud") + " pixels");
    }
    // what a reader waits for; a slow, busy machine needs a fraction of this
    assertTrue(Integer.parseInt(seen.get("ready")) < 10_000, seen.get("ready") + " ms");
  }

  @Test
  void isDarkOnADarkScreenAndLightOnPaper() throws IOException, InterruptedException {
    ReportModel model = ReportFixture.model(100, true, true);
    Seen dark = open(model, 1280, "--blink-settings=preferredColorScheme=0");
    Seen light = open(model, 1280, "--blink-settings=preferredColorScheme=1");
    assertFalse(dark.get("screen").equals(light.get("screen")), light.get("screen"));
    assertEquals(light.get("printed"), dark.get("printed"));
    assertEquals(light.get("printed"), light.get("screen"));
  }

  @Test
  void aChartThatFailsIsSaid() throws IOException, InterruptedException {
    String page = RunReport.html(ReportFixture.model(100, true, true));
    Seen seen = open(page.replace("\"sizes\":", "\"siezs\":"), 1280);
    assertEquals("1", seen.get("errors"));
    assertTrue(seen.get("last-error").startsWith("strata: "), seen.get("last-error"));
    assertEquals("7", seen.get("charts"));
  }

  private static Seen open(ReportModel model, int width, String... options)
      throws IOException, InterruptedException {
    return open(RunReport.html(model), width, options);
  }

  private static Seen open(String page, int width, String... options)
      throws IOException, InterruptedException {
    Path profile = Files.createTempDirectory(FOLDER, "profile");
    Path file = Files.createTempFile(FOLDER, "report", ".html");
    Path outer = Files.createTempFile(FOLDER, "frame", ".html");
    Files.writeString(outer, FRAME.formatted(file.toUri(), width));
    Path errors = Files.createTempFile(FOLDER, "report", ".log");
    Path dom = Files.createTempFile(FOLDER, "report", ".dom");
    Files.writeString(
        file,
        page.replaceFirst("<title>", LISTEN + "<title>").replace("</body>", LOOK + "</body>"));
    List<String> command = new ArrayList<>(List.of(chromium().toString()));
    command.addAll(
        List.of("--headless --no-sandbox --disable-gpu --no-first-run --disable-sync".split(" ")));
    command.addAll(List.of("--disable-background-networking", "--disable-component-update"));
    command.addAll(List.of("--enable-logging=stderr", "--v=0", "--virtual-time-budget=5000"));
    command.add("--user-data-dir=" + profile);
    command.add("--window-size=" + (width + 40) + ",900");
    command.addAll(List.of(options));
    command.addAll(List.of("--dump-dom", outer.toUri().toString()));
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(dom.toFile())
            .redirectError(errors.toFile())
            .start();
    if (!process.waitFor(100, TimeUnit.SECONDS)) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      fail("the browser did not finish: " + Files.readString(errors));
    }
    Matcher root = Pattern.compile("<html[^>]*>").matcher(Files.readString(dom));
    assertTrue(root.find(), () -> "no page came back, see " + errors);
    String said =
        String.join(
            "\n", Files.readAllLines(errors).stream().filter(l -> l.contains("CONSOLE")).toList());
    return new Seen(root.group(), said);
  }

  private static Path chromium() {
    Optional<Path> found =
        Stream.of(System.getenv("PATH").split(File.pathSeparator))
            .flatMap(
                folder ->
                    Stream.of("chromium", "chromium-browser", "google-chrome", "chrome")
                        .map(name -> Path.of(folder, name)))
            .filter(Files::isExecutable)
            .findFirst();
    boolean required =
        List.of(System.getProperty("coppice.require", "none").split(",")).contains("chromium");
    if (required && found.isEmpty()) {
      fail("no chromium on the PATH, and -Dcoppice.require asks for it");
    }
    assumeTrue(found.isPresent(), "no chromium on the PATH");
    return found.get();
  }
}
