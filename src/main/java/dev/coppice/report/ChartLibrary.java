// SPDX-License-Identifier: Apache-2.0
package dev.coppice.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Properties;

/** Texts that the page is made of, read from the class path. */
final class ChartLibrary {
  private static final String VERSION_FILE =
      "/META-INF/maven/org.webjars.npm/chart.js/pom.properties";

  private ChartLibrary() {}

  /** Version of Chart.js on the class path. */
  static String version() {
    Properties properties = new Properties();
    try (InputStream in = open(VERSION_FILE)) {
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return properties.getProperty("version");
  }

  /**
   * The source of Chart.js, with its licence notice.
   *
   * @throws IllegalStateException if it cannot stand inside a script element
   */
  static String source() {
    String path = "/META-INF/resources/webjars/chart.js/" + version() + "/dist/chart.umd.min.js";
    // a source map would be fetched when developer tools open, and the page fetches nothing
    String source = resource(path).replaceAll("(?m)^//# sourceMappingURL=.*$", "");
    return requireInline(path, source);
  }

  /** A resource of this package. */
  static String page(String name) {
    return resource("/dev/coppice/report/" + name);
  }

  /** The script, if it holds nothing that would end or hide the element around it. */
  static String requireInline(String path, String script) {
    if (script.contains("</script") || script.contains("<!--")) {
      throw new IllegalStateException(path + " cannot be inlined: it has </script or <!-- in it");
    }
    return script;
  }

  private static String resource(String path) {
    try (InputStream in = open(path)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static InputStream open(String path) {
    InputStream in = ChartLibrary.class.getResourceAsStream(path);
    if (in == null) {
      throw new IllegalStateException(path + " is not on the class path");
    }
    return in;
  }
}
