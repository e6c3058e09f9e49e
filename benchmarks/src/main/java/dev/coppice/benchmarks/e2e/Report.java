// SPDX-License-Identifier: Apache-2.0
package dev.coppice.benchmarks.e2e;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coppice.benchmarks.Machine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/** The results as JSON, one file a machine type. */
final class Report {
  private final ObjectMapper mapper = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  private final ObjectNode root = mapper.createObjectNode();
  private final Settings settings;
  private String description = "";

  Report(Settings settings, Machine machine, Path data) throws IOException {
    this.settings = settings;
    root.put("date", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    root.put("commit", settings.commit());
    root.put("command", settings.command());
    root.set("machine", mapper.valueToTree(Machine.facts()));
    root.put("threads", settings.threads());
    root.put("data", settings.data() == null ? "generated" : data.getFileName().toString());
    root.put("exclusive", !machine.whileTiming().isEmpty());
  }

  /** What the engine computed on. */
  void backend(String description) {
    this.description = description;
    root.put("backend", description);
  }

  void peers(List<Peer> peers) {
    ObjectNode node = root.putObject("peers");
    peers.forEach(peer -> node.set(peer.kind().label(), peer.facts()));
  }

  void write(List<Measured> table, List<WholeCommand> commands, Checks checks) throws IOException {
    table.forEach(row -> root.withArray("tasks").add(row.json(mapper, checks)));
    commands.forEach(command -> root.withArray("commands").add(mapper.valueToTree(command)));
    checks.all().forEach(check -> root.withArray("checks").add(mapper.valueToTree(check)));
    String type = Machine.type(settings.device(), description);
    Path file = settings.results().resolve("e2e-" + type + ".json");
    Files.createDirectories(file.getParent());
    mapper.writeValue(file.toFile(), root);
    System.out.println("written to " + file);
  }
}
