// SPDX-License-Identifier: Apache-2.0
package dev.coppice.report;

import dev.coppice.data.Unscorable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The end of the page: samples without a score, and how to run it again. */
final class EndSections {
  private final ReportModel model;
  private final Html html = new Html();

  EndSections(ReportModel model) {
    this.model = model;
  }

  String html() {
    unscorable();
    reproduce();
    return html.toString();
  }

  private void unscorable() {
    html.section("unscorable", "Samples without a score");
    Map<String, List<Integer>> byReason =
        model.unscorable().stream()
            .collect(
                Collectors.groupingBy(
                    Unscorable::reason,
                    TreeMap::new,
                    Collectors.mapping(Unscorable::sample, Collectors.toList())));
    if (byReason.isEmpty()) {
      html.element("p", "Every sample has a score.");
    } else {
      Map<String, String> counts = new LinkedHashMap<>();
      byReason.forEach((reason, ids) -> counts.put(reason, Format.count(ids.size())));
      html.element("p", "They are never selected. Why they have no score, and how many there are:")
          .markup("<div class=\"reasons\">")
          .definitions(counts)
          .markup("</div>\n");
      byReason.forEach(this::ids);
    }
    html.endSection();
  }

  private void ids(String reason, List<Integer> ids) {
    int shown = Math.min(ids.size(), RunReport.UNSCORABLE_SHOWN);
    String which = shown < ids.size() ? "First " + shown + " of " + ids.size() : "The " + shown;
    String text =
        ids.stream().sorted().limit(shown).map(String::valueOf).collect(Collectors.joining(", "));
    html.fold(which + " ids: " + reason).element("p class=ids", text).endFold();
  }

  private void reproduce() {
    html.section("reproduce", "How to reproduce");
    html.element(
        "p",
        "The same command on the same inputs selects the same samples: every random choice is a"
            + " function of the seed, and none depends on the order of rows or on threads.");
    html.element("pre", String.join("\n", model.commands()));
    if (!model.fingerprints().isEmpty()) {
      html.element("h3", "Inputs")
          .markup("<div class=\"prints\">")
          .definitions(model.fingerprints());
      html.markup("</div>\n");
    }
    html.element(
        "p class=fine",
        "The numbers of this page are in it as JSON, in the element with the id coppice-data."
            + " Charts: Chart.js "
            + ChartLibrary.version()
            + " (MIT licence). The page fetches nothing.");
    html.endSection();
  }
}
