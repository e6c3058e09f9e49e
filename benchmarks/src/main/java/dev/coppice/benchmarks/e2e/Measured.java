// SPDX-License-Identifier: Apache-2.0
package dev.coppice.benchmarks.e2e;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The timings of one row. */
final class Measured {
  private final Row row;
  private final Target target;
  private final List<Run> ours = new ArrayList<>();
  private final Map<Peer.Kind, List<Run>> peers = new EnumMap<>(Peer.Kind.class);

  Measured(Row row, Target target) {
    this.row = row;
    this.target = target;
  }

  void ours(Run run) {
    ours.add(run);
  }

  /** Our latest timing. */
  Run last() {
    return ours.get(ours.size() - 1);
  }

  void peer(Peer.Kind kind, Run run) {
    peers.computeIfAbsent(kind, k -> new ArrayList<>()).add(run);
  }

  private double seconds() {
    return median(ours);
  }

  /** Seconds of the whole task; 0 if the peer has not done it. */
  private double seconds(Peer.Kind kind) {
    return peers.containsKey(kind) ? median(peers.get(kind)) : 0;
  }

  static double median(List<Run> runs) {
    double[] sorted = runs.stream().mapToDouble(Run::total).sorted().toArray();
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  static String heading(List<Peer.Kind> kinds) {
    StringBuilder line = new StringBuilder(String.format("%-11s %9s", "task", "ours s"));
    kinds.forEach(kind -> line.append(String.format(" %9s", kind.letter() + " s")));
    kinds.forEach(kind -> line.append(String.format(" %9s", kind.letter() + "/ours")));
    return line.append(String.format("  %-34s %-14s %s", "asked", "missed", "agrees")).toString();
  }

  /** A line of the table. */
  String line(List<Peer.Kind> kinds, Checks checks) {
    StringBuilder line = new StringBuilder();
    line.append(String.format(Locale.ROOT, "%-11s %9.3f", row.name(), seconds()));
    kinds.forEach(kind -> line.append(' ').append(number(seconds(kind), "%9.2f")));
    kinds.forEach(kind -> line.append(' ').append(number(seconds(kind) / seconds(), "%9.1f")));
    String missed = String.join(" ", missed());
    line.append(
        String.format(
            "  %-34s %-14s %s",
            target, missed.isEmpty() ? "-" : missed, checks.hold(row.name()) ? "yes" : "NO"));
    return line.toString();
  }

  private List<String> missed() {
    return target.missed(seconds(), seconds(Peer.Kind.PUBLISHED), seconds(Peer.Kind.TUNED));
  }

  private static String number(double value, String format) {
    return value == 0 ? "%9s".formatted("-") : String.format(Locale.ROOT, format, value);
  }

  ObjectNode json(ObjectMapper mapper, Checks checks) {
    ObjectNode node = mapper.createObjectNode().put("task", row.name());
    add(node.putObject("ours"), ours);
    for (Map.Entry<Peer.Kind, List<Run>> entry : peers.entrySet()) {
      ObjectNode peer = node.putObject(entry.getKey().label());
      add(peer, entry.getValue());
      peer.put("share", entry.getValue().get(0).share());
      peer.put("ratio", seconds(entry.getKey()) / seconds());
    }
    node.put("asked", target.toString());
    node.set("missed", mapper.valueToTree(missed()));
    return node.put("agrees", checks.hold(row.name()));
  }

  private static void add(ObjectNode node, List<Run> runs) {
    node.put("median", median(runs));
    runs.forEach(run -> node.withArray("seconds").add(run.total()));
  }
}
